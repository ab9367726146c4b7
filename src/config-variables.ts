import { availableParallelism } from 'node:os';
import { z } from 'zod';
import {
  flag,
  integer,
  origins,
  pemBlocks,
  publicUrl,
  rate,
  redisUrl,
  secrets,
  text,
  trustProxy,
} from './config-values.ts';
import { MAX_ACCESS_TOKEN_TTL_SECONDS } from './tokens/verify.ts';

/**
 * One row a variable: how it is parsed, what it wants, and the two columns of .env.example (its default as text,
 * one line of meaning). A row with `secret` also reads from NAME_FILE and is masked in messages.
 */
interface Variable {
  readonly schema: z.ZodType;
  readonly wants: string;
  readonly default: string;
  readonly meaning: string;
  readonly secret?: true;
}

export const VARIABLES = {
  NODE_ENV: {
    schema: z.enum(['development', 'test', 'production']).default('development'),
    wants: 'development, test or production',
    default: 'development',
    meaning: 'production refuses weak secrets and defaults that only suit a laptop',
  },
  HOST: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/)
      .optional(),
    wants: 'an address or a host name to listen on',
    default: '127.0.0.1',
    meaning: 'Address to listen on; 0.0.0.0 in production',
  },
  PORT: {
    schema: integer(0, 65_535).default(3000),
    wants: 'a whole number from 0 to 65535',
    default: '3000',
    meaning: 'Port to listen on; 0 takes a free one, PUBLIC_URL then has to be set',
  },
  PUBLIC_URL: {
    schema: publicUrl.optional(),
    wants: 'the http(s) URL under which clients reach the service, without query or user',
    default: 'http://localhost:3000',
    meaning: 'URL under which clients reach the service; required in production',
  },
  TRUST_PROXY: {
    schema: trustProxy.default(0),
    wants:
      'the number of proxies in front (0 to 99) or a comma-separated list of their addresses, never true',
    default: '0',
    meaning: 'Number of proxies in front, or a list of their addresses (CIDR allowed)',
  },
  CORS_ORIGINS: {
    schema: origins.default([]),
    wants: 'a comma-separated list of exact origins such as https://app.example.com, never *',
    default: '',
    meaning: 'Comma-separated origins whose pages may call this service; none by default',
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    wants: 'fatal, error, warn, info, debug, trace or silent',
    default: 'info',
    meaning: 'Least severe log line that is written',
  },
  DATA_DIR: {
    schema: text.default('./data'),
    wants: 'a directory',
    default: './data',
    meaning: 'Where the embedded database and the generated secret live',
  },
  DATABASE_URL: {
    schema: text.optional(),
    wants: 'mysql://user:password@host:3306/database or sqlite:path',
    default: 'sqlite:./data/latchkey.sqlite',
    meaning: 'mysql://user:password@host:3306/database or sqlite:path; required in production',
    secret: true,
  },
  DATABASE_POOL_MAX: {
    schema: integer(2, 1000).default(10),
    wants: 'a whole number from 2 to 1000',
    default: '10',
    meaning: 'Most MySQL connections that one process opens',
  },
  DATABASE_CONNECT_TIMEOUT_MS: {
    schema: integer(10, 60_000).default(1000),
    wants: 'milliseconds from 10 to 60000',
    default: '1000',
    meaning: 'Longest wait for a new MySQL connection, in milliseconds',
  },
  DATABASE_TIMEOUT_MS: {
    schema: integer(10, 60_000).default(1500),
    wants: 'milliseconds from 10 to 60000',
    default: '1500',
    meaning: 'Longest wait for one database operation, after which the answer is 503',
  },
  DATABASE_TLS: {
    schema: z.enum(['off', 'verify']).default('off'),
    wants: 'off or verify',
    default: 'off',
    meaning: 'verify encrypts the MySQL connection and demands a certificate that names the host',
  },
  DATABASE_TLS_CA_FILE: {
    schema: text.optional(),
    wants: 'the path of a PEM file',
    default: '',
    meaning: 'PEM file of the authority that signed the MySQL certificate, if it is a private one',
  },
  MIGRATE_ON_START: {
    schema: flag.optional(),
    wants: 'true or false',
    default: 'true',
    meaning: 'Apply pending migrations at start; true on SQLite, false on MySQL',
  },
  JWT_SECRET: {
    schema: text.optional(),
    wants: 'at least 32 random bytes',
    default: '',
    meaning:
      'Signs access tokens (HS256) and makes refresh tokens; at least 32 bytes and required in production, else made and kept in DATA_DIR',
    secret: true,
  },
  JWT_PREVIOUS_SECRETS: {
    schema: secrets.default([]),
    wants: 'secrets separated by commas or line breaks',
    default: '',
    meaning: 'Secrets that still verify after a rotation, separated by commas or line breaks',
    secret: true,
  },
  JWT_ALG: {
    schema: z.enum(['HS256', 'RS256', 'ES256']).default('HS256'),
    wants: 'HS256, RS256 or ES256',
    default: 'HS256',
    meaning: 'How access tokens are signed; RS256 and ES256 let others verify without a secret',
  },
  JWT_PRIVATE_KEY: {
    schema: text.optional(),
    wants: 'a private key in PEM',
    default: '',
    meaning: 'PEM of the key that signs under RS256 or ES256; usually read from JWT_PRIVATE_KEY_FILE',
    secret: true,
  },
  JWT_PREVIOUS_PUBLIC_KEYS: {
    schema: pemBlocks.default([]),
    wants: 'public keys in PEM, one after another',
    default: '',
    meaning: 'PEM of public keys that still verify after a rotation, one after another',
    secret: true,
  },
  JWT_ISSUER: {
    schema: text.optional(),
    wants: 'text',
    default: 'http://localhost:3000',
    meaning: 'The iss claim of access tokens; PUBLIC_URL by default',
  },
  JWT_AUDIENCE: {
    schema: text.default('latchkey'),
    wants: 'text',
    default: 'latchkey',
    meaning: 'The aud claim of access tokens',
  },
  ACCESS_TOKEN_TTL_SECONDS: {
    schema: integer(1, MAX_ACCESS_TOKEN_TTL_SECONDS).default(900),
    wants: 'seconds from 1 to 86400',
    default: '900',
    meaning: 'How long an access token is valid, in seconds',
  },
  SESSION_IDLE_SECONDS: {
    schema: integer(1, 31_536_000).default(2_592_000),
    wants: 'seconds from 1 to 31536000',
    default: '2592000',
    meaning: 'A session ends when it was not refreshed for so long, in seconds (30 days)',
  },
  SESSION_ABSOLUTE_SECONDS: {
    schema: integer(1, 315_360_000).default(7_776_000),
    wants: 'seconds from 1 to 315360000',
    default: '7776000',
    meaning: 'A session ends so long after the login, in seconds (90 days)',
  },
  REFRESH_REUSE_GRACE_SECONDS: {
    schema: integer(0, 300).default(10),
    wants: 'seconds from 0 to 300',
    default: '10',
    meaning: 'How long the previous refresh token still gets the present one, in seconds',
  },
  REVOCATION_MAX_LAG_SECONDS: {
    schema: integer(2, 3600).default(10),
    wants: 'seconds from 2 to 3600',
    default: '10',
    meaning: 'How long verification goes on when revocations cannot be read, in seconds',
  },
  REVOCATION_WHEN_STALE: {
    schema: z.enum(['refuse', 'accept']).default('refuse'),
    wants: 'refuse or accept',
    default: 'refuse',
    meaning: 'What happens after that: refuse answers 503, accept goes on without knowing of new revocations',
  },
  PASSWORD_MIN_LENGTH: {
    schema: integer(8, 256).default(8),
    wants: 'a whole number from 8 to 256',
    default: '8',
    meaning: 'Shortest password, in characters; NIST SP 800-63B-4 recommends 15',
  },
  BCRYPT_COST: {
    schema: integer(4, 20).default(12),
    wants: 'a whole number from 4 to 20',
    default: '12',
    meaning: 'bcrypt cost factor, each step doubles the work; at least 10 in production',
  },
  PASSWORD_PEPPER: {
    schema: text.optional(),
    wants: 'at least 32 random bytes',
    default: '',
    meaning: 'Secret mixed into every password hash; losing it makes the passwords useless',
    secret: true,
  },
  HASH_WORKERS: {
    schema: integer(1, 256).default(availableParallelism()),
    wants: 'a whole number from 1 to 256',
    default: '',
    meaning: 'Threads that hash passwords, of all processes together; the number of cores by default',
  },
  HASH_MAX_WAIT_MS: {
    schema: integer(100, 60_000).default(2000),
    wants: 'milliseconds from 100 to 60000',
    default: '2000',
    meaning: 'A login or sign-up that would wait longer for a thread is refused with 503',
  },
  RATE_LIMITS: {
    schema: z.enum(['on', 'off']).default('on'),
    wants: 'on or off',
    default: 'on',
    meaning: 'off switches every limit below off, for benchmarks',
  },
  RATE_LIMIT_SIGNUP_IP: {
    schema: rate.default({ limit: 60, windowSeconds: 3600 }),
    wants: 'requests and seconds such as 60/3600, the seconds at most 86400',
    default: '60/3600',
    meaning: 'Sign-ups from one address (IPv6: one /64): how many in how many seconds',
  },
  RATE_LIMIT_LOGIN_IP: {
    schema: rate.default({ limit: 60, windowSeconds: 60 }),
    wants: 'requests and seconds such as 60/3600, the seconds at most 86400',
    default: '60/60',
    meaning: 'Logins from one address',
  },
  RATE_LIMIT_REFRESH_SESSION: {
    schema: rate.default({ limit: 30, windowSeconds: 60 }),
    wants: 'requests and seconds such as 60/3600, the seconds at most 86400',
    default: '30/60',
    meaning: 'Refreshes of one session',
  },
  RATE_LIMIT_TOKEN: {
    schema: rate.default({ limit: 600, windowSeconds: 60 }),
    wants: 'requests and seconds such as 60/3600, the seconds at most 86400',
    default: '600/60',
    meaning: 'Requests with one access token',
  },
  LOGIN_FREE_FAILURES: {
    schema: integer(1, 100).default(5),
    wants: 'a whole number from 1 to 100',
    default: '5',
    meaning:
      'After so many wrong passwords for one identifier each next one has to wait, twice as long as the one before',
  },
  LOGIN_MAX_FAILURES: {
    schema: integer(1, 100).default(100),
    wants: 'a whole number from 1 to 100',
    default: '100',
    meaning:
      'After so many wrong passwords in a row an account takes no password until it is unlocked (NIST SP 800-63B-4: at most 100)',
  },
  REDIS_URL: {
    schema: redisUrl.optional(),
    wants: 'redis://user:password@host:6379/0, or rediss:// for TLS',
    default: '',
    meaning: 'Redis in which all processes count together; without it each counts for itself',
    secret: true,
  },
  WEB_CONCURRENCY: {
    schema: integer(1, 64).default(1),
    wants: 'a whole number from 1 to 64',
    default: '1',
    meaning: 'Processes that share the port; REDIS_URL makes them share the limits',
  },
  METRICS_PORT: {
    schema: integer(1, 65_535).optional(),
    wants: 'a whole number from 1 to 65535',
    default: '',
    meaning: 'Port for GET /metrics, apart from the public one; listens on METRICS_HOST',
  },
  METRICS_HOST: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/)
      .default('127.0.0.1'),
    wants: 'an address or a host name to listen on',
    default: '127.0.0.1',
    meaning: 'Address for METRICS_PORT',
  },
  METRICS_TOKEN: {
    schema: z
      .string()
      .min(16)
      .regex(/^[A-Za-z0-9\-._~+/]+=*$/)
      .optional(),
    wants: 'at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end',
    default: '',
    meaning: 'Bearer token for GET /metrics on the public port',
    secret: true,
  },
  SIGNUP_DISABLED: {
    schema: flag.default(false),
    wants: 'true or false',
    default: 'false',
    meaning: 'Refuse POST /signup',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;

/** What the variables say once they are parsed. */
export type Values = { [Name in VariableName]: z.output<(typeof VARIABLES)[Name]['schema']> };

/** The value as it may appear in a message: secrets only by their length, URLs without their password. */
export function describeValue(name: VariableName, value: string | undefined): string {
  if (value === undefined) return 'not set';
  return 'secret' in VARIABLES[name]
    ? `a secret of ${value.length} characters`
    : JSON.stringify(value.replace(/(\/\/[^/@:]*):[^/@]*@/, '$1:***@'));
}

/** The content of .env.example: every variable, commented out, with its default and its meaning. */
export function renderEnvExample(): string {
  const head =
    '# Every variable with its default. Secrets also read from a file: JWT_SECRET_FILE=/run/secrets/jwt\n';
  const rows = Object.entries(VARIABLES).map(
    ([name, row]) => `\n# ${row.meaning}\n# ${name}=${row.default}\n`,
  );
  return head + rows.join('');
}
