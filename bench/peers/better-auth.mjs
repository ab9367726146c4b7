// better-auth behind node:http, set up as its documentation says, without limits and logs. Its tables are made at the
// start. HASH=bcrypt has it hash as the service does, so that the rest of the work can be compared.
import { createServer } from 'node:http';
import bcrypt from 'bcrypt';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { createPool } from 'mysql2/promise';

const { DATABASE_URL, HASH, BCRYPT_COST, COOKIE_CACHE } = process.env;
/** As many as the service opens. */
const CONNECTIONS = 10;

const hashing = {
  scrypt: {},
  bcrypt: {
    password: {
      hash: (password) => bcrypt.hash(password, Number(BCRYPT_COST)),
      verify: ({ hash, password }) => bcrypt.compare(password, hash),
    },
  },
}[HASH];

const auth = betterAuth({
  database: createPool({ uri: DATABASE_URL, connectionLimit: CONNECTIONS, timezone: 'Z' }),
  baseURL: 'http://127.0.0.1',
  secret: 'a secret that signs cookies in a benchmark only',
  emailAndPassword: { enabled: true, ...hashing },
  session: { cookieCache: { enabled: COOKIE_CACHE === 'on' } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const server = createServer(toNodeHandler(auth));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
