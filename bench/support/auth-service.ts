import { randomBytes, randomUUID } from 'node:crypto';
import { AUDIENCE, ISSUER } from './access-tokens.ts';
import type { Run } from './benchmark.ts';
import { postJson } from './http.ts';
import { createMachineClient, type MachineClient } from './machine-client.ts';
import type { Mysql } from './mysql.ts';
import { type Program, startLatchkey, startPeer } from './programs.ts';

/** The service with what another one needs to follow it. */
export interface AuthService extends Program {
  readonly client: MachineClient;
  readonly jwtSecret: string;
}

const password = 'correct horse battery staple';

/** Starts the service on a database of its own, with a machine client that may read the feed. */
export async function startAuthService(run: Run, mysql: Mysql, processes: number): Promise<AuthService> {
  const jwtSecret = randomBytes(48).toString('base64');
  const program = await startLatchkey(run, {
    DATABASE_URL: await mysql.createDatabase(`processes_${processes}`),
    MIGRATE_ON_START: 'true',
    PUBLIC_URL: ISSUER,
    JWT_SECRET: jwtSecret,
    WEB_CONCURRENCY: String(processes),
    // The least that bcrypt allows: hashing is not what is looked at.
    BCRYPT_COST: '4',
  });
  return { ...program, jwtSecret, client: await createMachineClient(program, 'revocations:read') };
}

/** Starts another service, which verifies the tokens of this one and follows its feed. */
export function startVerifyingService(
  run: Run,
  { port, jwtSecret, client }: AuthService,
  staleness: { readonly maxLagSeconds: number; readonly whenStale: 'refuse' | 'accept' },
): Promise<Program> {
  return startPeer(run, 'verifying-service.mjs', {
    ISSUER,
    AUDIENCE,
    SECRET: jwtSecret,
    FEED_URL: `http://127.0.0.1:${port}/revocations`,
    CLIENT_ID: client.id,
    CLIENT_SECRET: client.secret,
    MAX_LAG_SECONDS: String(staleness.maxLagSeconds),
    WHEN_STALE: staleness.whenStale,
  });
}

/** The access token of a new person. */
export async function signUp(service: Program): Promise<string> {
  const person = { email: `${randomUUID()}@example.com`, password };
  return (await postJson<{ access_token: string }>(service, '/signup', person)).access_token;
}
