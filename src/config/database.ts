import { z } from 'zod';
import { flag, integer, redisUrl, text } from './values.ts';
import type { Variable } from './variable.ts';

/** Where everything is kept. */
export const DATABASE_VARIABLES = {
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
    meaning:
      'Most MySQL connections of one process for requests, and as many again for transactions; one more follows revocations',
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
  AUDIT_RETENTION_DAYS: {
    schema: integer(1, 3650).default(365),
    wants: 'days from 1 to 3650',
    default: '365',
    meaning: 'For how many days the audit ledger keeps who did what',
  },
  REDIS_URL: {
    schema: redisUrl.optional(),
    wants: 'redis://user:password@host:6379/0, or rediss:// for TLS',
    default: '',
    meaning: 'Redis in which all processes count together; without it each counts for itself',
    secret: true,
  },
} as const satisfies Record<string, Variable>;
