import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Connection, createConnection } from 'mysql2/promise';
import { startMysqlServer } from '../tests/support/mysql-server.ts';

const BUILT = (file: string) => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
const USERS = Number(process.env.BENCH_USERS ?? 100_000);
const BATCH = 1000;
const TARGET = 3;
const PAGES = 20;
/** Of the server, such as --cpu-prof. */
const NODE_OPTIONS = process.argv.slice(2);
const PASSWORD = 'a password of the benchmark alone';
const EMAIL = 'first-admin@example.com';
const BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** As another system would hand it over. */
function aUser(index: number) {
  const signs = Array.from({ length: 53 }, () => BASE64[Math.floor(Math.random() * 64)]).join('');
  return {
    email: `person-${index}@example.com`,
    username: `person_${index}`,
    name: `Person ${index}`,
    password_hash: `$2b$12$${signs}`,
    email_verified: true,
    roles: ['user'],
    created_at: new Date(1_500_000_000_000 + index * 1000).toISOString(),
  };
}

async function connect(serverUrl: string, database?: string): Promise<Connection> {
  const url = new URL(serverUrl);
  return createConnection({
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...(database !== undefined && { database }),
    dateStrings: true,
  });
}

/** Runs a built program until it ends; `input` goes to its standard input. */
async function run(file: string, args: string[], env: NodeJS.ProcessEnv, cwd: string, input: string) {
  const stdio: ['pipe', 'ignore', 'inherit'] = ['pipe', 'ignore', 'inherit'];
  const child = spawn(process.execPath, [BUILT(file), ...args], { cwd, env, stdio });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
}

async function send(url: string, method: string, path: string, token: string, body?: object) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const response = await fetch(url + path, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** What the service wrote for one call, to be written once more without it. */
async function rowsOf(connection: Connection, table: string, key: string, ids: readonly string[]) {
  const sql = `SELECT * FROM ${table} WHERE ${key} IN (?)`;
  const [rows] = await connection.query({ sql, rowsAsArray: true, values: [ids] });
  return rows as unknown[][];
}

async function main(serverUrl: string, directory: string): Promise<void> {
  const [imported, raw] = [`latchkey_bench_${process.pid}`, `latchkey_bench_${process.pid}_raw`];
  const administrator = await connect(serverUrl);
  for (const name of [imported, raw]) await administrator.query(`CREATE DATABASE ${name}`);
  const DATABASE_URL = Object.assign(new URL(serverUrl), { pathname: `/${imported}` }).href;
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    DATABASE_URL,
    MIGRATE_ON_START: 'true',
    LOG_LEVEL: 'warn',
  };
  const server = spawn(process.execPath, [...NODE_OPTIONS, BUILT('server.js')], {
    cwd: directory,
    env: { ...env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
      createInterface(server.stdout).on('line', (line) => {
        const entry = line.startsWith('{') ? JSON.parse(line) : {};
        if (entry.level === 'error' || entry.level >= 50) console.error(line);
        if (entry.port !== undefined) resolve(entry.port);
      });
    });
    const url = `http://127.0.0.1:${port}`;
    await run('admin.js', ['create-user', '--email', EMAIL, '--role', 'admin'], env, directory, PASSWORD);
    const login = () => send(url, 'POST', '/login', '', { email: EMAIL, password: PASSWORD });
    const { access_token: token } = await login();

    const source = await connect(serverUrl, imported);
    const target = await connect(serverUrl, raw);
    for (const table of ['users', 'user_roles', 'roles']) {
      const [[row]] = (await source.query(`SHOW CREATE TABLE ${table}`)) as unknown as [[object]];
      await target.query('SET foreign_key_checks = 0');
      await target.query(String(Object.values(row)[1]));
    }
    await target.query(`INSERT INTO roles SELECT * FROM ${imported}.roles`);
    await target.query('SET foreign_key_checks = 1');

    // In turns, so that whatever else the machine does slows down both.
    let [service, bulk] = [0, 0];
    for (let done = 0; done < USERS; done += BATCH) {
      const users = Array.from({ length: BATCH }, (_, index) => aUser(done + index));
      let ids: string[] = [];
      service += await timed(async () => {
        const answer = await send(url, 'POST', '/admin/users/import', token, { users });
        if (answer.imported !== BATCH) throw new Error(`${answer.refused} of ${BATCH} were refused`);
        ids = answer.results.map(({ id }: { id: string }) => id);
      });
      const userRows = await rowsOf(source, 'users', 'id', ids);
      const roleRows = await rowsOf(source, 'user_roles', 'user_id', ids);
      bulk += await timed(async () => {
        await target.query('INSERT INTO users VALUES ?', [userRows]);
        await target.query('INSERT INTO user_roles VALUES ?', [roleRows]);
      });
    }

    const { access_token: fresh } = await login();
    const pages: Record<string, number> = {};
    const { users } = await send(url, 'GET', '/admin/users?limit=200', fresh);
    const [[middle]] = (await source.query(
      `SELECT id FROM users ORDER BY id LIMIT 1 OFFSET ${Math.floor(USERS / 2)}`,
    )) as unknown as [[{ id: string }]];
    for (const [what, query] of [
      ['the first page', ''],
      ['a page in the middle', `&cursor=${middle.id}`],
      ['of one role', '&role=user'],
      ['of a role that one user has', '&role=admin'],
      ['of those who are disabled, who are none', '&state=disabled'],
      ['of a search that finds one', '&search=person-77777@'],
      ['of a search that finds a thousand', '&search=person-77'],
      ['of a search that finds all', '&search=person'],
      ['of a search that finds nobody', '&search=zzz'],
      ['of a search for an id', `&search=${users[199].id}`],
    ] as const) {
      const times: number[] = [];
      for (let round = 0; round < PAGES; round++) {
        times.push(await timed(() => send(url, 'GET', `/admin/users?limit=200${query}`, fresh)));
      }
      pages[what] = median(times);
    }

    const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2).padStart(7)} s`;
    const ratio = service / bulk;
    const verdict = ratio <= TARGET ? 'met' : 'missed';
    console.log(`${USERS.toLocaleString('en')} users, ${BATCH} at a time, Node ${process.version}`);
    console.log(`POST /admin/users/import   ${seconds(service)}`);
    console.log(`raw bulk INSERT            ${seconds(bulk)}`);
    console.log(`ratio                      ${ratio.toFixed(2).padStart(7)}    target ${TARGET}: ${verdict}`);
    console.log(`\nGET /admin/users?limit=200 at ${USERS.toLocaleString('en')} users, median of ${PAGES}`);
    for (const [what, time] of Object.entries(pages)) {
      console.log(`${what.padEnd(42)} ${time.toFixed(1).padStart(7)} ms`);
    }
    await Promise.all([source.end(), target.end()]);
  } finally {
    if (server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'close');
    }
    for (const name of [imported, raw]) await administrator.query(`DROP DATABASE ${name}`);
    await administrator.end();
  }
}

const given = process.env.TEST_MYSQL_URL;
const own = given === undefined ? await startMysqlServer() : undefined;
const serverUrl = given ?? own?.url;
if (serverUrl === undefined)
  throw new Error('there is no MySQL: install mariadb-server or set TEST_MYSQL_URL');
const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
try {
  await main(serverUrl, directory);
} finally {
  rmSync(directory, { recursive: true });
  await own?.stop();
}
