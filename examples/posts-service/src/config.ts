import type { VerifierOptions } from '@latchkey/verifier';
import { z } from 'zod';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** A file, or `:memory:`. */
  readonly database: string;
  /** Whose pages may call the service. */
  readonly corsOrigins: readonly string[];
  readonly verifier: VerifierOptions;
}

const Variables = z.object({
  LATCHKEY_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL of http or https' })
    .transform((url) => url.replace(/\/+$/, ''))
    .default('http://localhost:3000'),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().default('latchkey'),
  JWT_SECRET: z.string().optional(),
  CLIENT_ID: z.string('is needed: that of a machine client with the permission revocations:read'),
  CLIENT_SECRET: z.string('is needed: that of the machine client CLIENT_ID'),
  HOST: z.string().default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port, 0 for any that is free')
    .transform(Number)
    .refine((port) => port < 65_536, 'must be a port, 0 for any that is free')
    .default(4000),
  DATABASE: z.string().default('posts.sqlite'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    )
    .refine(
      (list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      'must be origins such as https://app.example.com, separated by commas',
    ),
});

/**
 * What the environment says; an empty variable counts as none.
 * @throws Error that names each faulty variable, and no value, since some are secret
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const { data, error } = Variables.safeParse(Object.fromEntries(given));
  if (error) {
    const faults = error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
    throw new Error(`the configuration has faults:\n${faults.join('\n')}`);
  }
  const { LATCHKEY_URL, JWT_ISSUER, JWT_AUDIENCE, JWT_SECRET, CLIENT_ID, CLIENT_SECRET } = data;
  return {
    host: data.HOST,
    port: data.PORT,
    database: data.DATABASE,
    corsOrigins: data.CORS_ORIGINS,
    verifier: {
      // Where tokens are signed with a private key no secret is shared: its public half is published.
      ...(JWT_SECRET === undefined
        ? { jwksUri: `${LATCHKEY_URL}/.well-known/jwks.json` }
        : { secret: JWT_SECRET }),
      issuer: JWT_ISSUER ?? LATCHKEY_URL,
      audience: JWT_AUDIENCE,
      revocations: {
        url: `${LATCHKEY_URL}/revocations`,
        clientId: CLIENT_ID,
        clientSecret: CLIENT_SECRET,
      },
    },
  };
}
