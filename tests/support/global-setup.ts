import { type MysqlServer, startMysqlServer } from './mysql-server.ts';
import { findRedis } from './redis-server.ts';
import { makeTemplates } from './template.ts';
import { findChromium, findFirefox, findNginx, findPython, missingForGalera } from './tools.ts';

declare global {
  // What global-teardown.ts stops. Jest runs both in one process and gives them nothing else to share.
  var latchkeyMysqlServer: MysqlServer | undefined;
}

export default async function setUp(): Promise<void> {
  requireRedis();
  requireInterop();
  requireBrowser();
  requireGalera();
  await findMysql();
  await makeTemplates(process.env.TEST_MYSQL_URL ? ['SQLite', 'MySQL'] : ['SQLite']);
}

/** Finds a MySQL for the whole run: the given one, else a private one, else none, said loudly. */
async function findMysql(): Promise<void> {
  if (process.env.TEST_MYSQL_URL) return;
  const required = process.env.REQUIRE_MYSQL === '1';
  const server = await startMysqlServer();
  if (server !== undefined) {
    globalThis.latchkeyMysqlServer = server;
    process.env.TEST_MYSQL_URL = server.url;
    if (server.certificate !== undefined) {
      process.env.TEST_MYSQL_CA_FILE = server.certificate.certFile;
      process.env.TEST_MYSQL_KEY_FILE = server.certificate.keyFile;
    } else if (required) {
      throw new Error('REQUIRE_MYSQL=1, and there is no openssl to make a certificate for MySQL');
    }
    return;
  }
  const how = 'install mariadb-server (or MySQL 8), or set TEST_MYSQL_URL=mysql://user:password@host:3306';
  if (required) throw new Error(`REQUIRE_MYSQL=1, and there is no MySQL: ${how}`);
  console.error(`\n*** NO MYSQL: only the SQLite half of the tests runs. For the other half ${how}. ***\n`);
}

/** Suites start a Redis of their own; that there is none is said once, loudly. */
function requireRedis(): void {
  if (findRedis() !== undefined) return;
  const how = 'install redis-server';
  if (process.env.REQUIRE_REDIS === '1') throw new Error(`REQUIRE_REDIS=1, and there is no Redis: ${how}`);
  console.error(
    `\n*** NO REDIS: the tests of limits that processes share are skipped. For them ${how}. ***\n`,
  );
}

/** The examples are tried with the programs that they are for. */
function requireInterop(): void {
  const missing = [
    ...(findNginx() === undefined ? ['nginx-light'] : []),
    ...(findPython() === undefined
      ? ['python3-cryptography, python3-fastapi, python3-flask, python3-jwt and uvicorn']
      : []),
  ].join(', ');
  if (missing === '') return;
  if (process.env.REQUIRE_INTEROP === '1') throw new Error(`REQUIRE_INTEROP=1, and there is no ${missing}`);
  console.error(`\n*** NO INTEROP: examples are not tried without ${missing}. Install them. ***\n`);
}

/** What browsers do is tried with two of different makers. */
function requireBrowser(): void {
  const missing = [
    ...(findChromium() === undefined ? ['chromium-headless-shell'] : []),
    ...(findFirefox() === undefined ? ['firefox-esr'] : []),
  ].join(' and ');
  if (missing === '') return;
  if (process.env.REQUIRE_BROWSER === '1') throw new Error(`REQUIRE_BROWSER=1, and there is no ${missing}`);
  console.error(`\n*** NO BROWSER: pages are not tried in ${missing}. Install it. ***\n`);
}

/** A long test has a cluster of its own, and starts it itself. */
function requireGalera(): void {
  const missing = missingForGalera().join(', ');
  if (missing === '') return;
  if (process.env.REQUIRE_GALERA === '1') throw new Error(`REQUIRE_GALERA=1, and there is no ${missing}`);
  console.error(`\n*** NO GALERA: the cluster is not tried without ${missing}. Install them. ***\n`);
}
