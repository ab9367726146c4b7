import { flag, integer, oneOf, redisUrl, text } from './values.ts';
import { variable } from './variable.ts';

/** The variables of the database. */
export const DATABASE_VARIABLES = {
  DATA_DIR: variable({
    type: text('a directory'),
    default: './data',
    meaning: 'Where the embedded database and the generated secret live',
  }),
  DATABASE_URL: variable({
    type: text('mysql://user:password@host:3306/database or sqlite:path'),
    shown: 'sqlite:./data/latchkey.sqlite',
    meaning: 'mysql://user:password@host:3306/database or sqlite:path; required in production',
    secret: true,
  }),
  DATABASE_POOL_MAX: variable({
    type: integer(2, 1000),
    default: '10',
    meaning:
      'Most MySQL connections of one process for requests, and as many again for transactions; one more follows revocations',
  }),
  DATABASE_CONNECT_TIMEOUT_MS: variable({
    type: integer(10, 60_000, 'milliseconds'),
    default: '1000',
    meaning: 'Longest wait for a new MySQL connection, in milliseconds',
  }),
  DATABASE_TIMEOUT_MS: variable({
    type: integer(10, 60_000, 'milliseconds'),
    default: '1500',
    meaning: 'Longest wait for one database operation, after which the answer is 503',
  }),
  DATABASE_TLS: variable({
    type: oneOf('off', 'verify'),
    default: 'off',
    meaning: 'verify encrypts the MySQL connection and requires a certificate that names the host',
  }),
  DATABASE_TLS_CA_FILE: variable({
    type: text('the path of a PEM file'),
    meaning: 'PEM file of the authority that signed the MySQL certificate, if it is a private one',
  }),
  MIGRATE_ON_START: variable({
    type: flag,
    shown: 'true',
    meaning: 'Apply pending migrations at start; true on SQLite, false on MySQL',
  }),
  AUDIT_RETENTION_DAYS: variable({
    type: integer(1, 3650, 'days'),
    default: '365',
    meaning: 'For how many days the audit log keeps events',
  }),
  REDIS_URL: variable({
    type: redisUrl,
    meaning:
      'Redis in which all processes count together and keep the sessions of cookies; without it each process counts for itself, and the database keeps those sessions',
    secret: true,
  }),
};
