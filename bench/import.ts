import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { type Mysql, useMysql } from './support/mysql.ts';
import { type Program, startLatchkey } from './support/programs.ts';

const ADMIN = fileURLToPath(new URL('../dist/cli/admin.js', import.meta.url));
const EMAIL = 'first-admin@example.com';
const PASSWORD = 'a password of the benchmark alone';
const BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** What an import writes, and by what it is found again. */
const TABLES = { users: 'id', user_roles: 'user_id', ledger: 'subject_id' } as const;

await runBenchmark('import', measure);

/** 100,000 users through POST /admin/users/import against raw bulk INSERTs of the same rows; then lists of them. */
async function measure(run: Run): Promise<Figure[]> {
  const users = run.quick ? 200 : 100_000;
  const batch = run.quick ? 100 : 1_000;
  // As a database server comes: each transaction is on the disk when it is acknowledged.
  const mysql = await useMysql(run, { innodb_flush_log_at_trx_commit: 1, innodb_buffer_pool_size: 2 ** 30 });
  const url = await mysql.createDatabase('imported');
  const env = { DATABASE_URL: url, MIGRATE_ON_START: 'true' };
  const program = await startLatchkey(run, env);
  await createAdmin(env);
  const service = await logIn(program);
  const tables = await emptyTables(mysql, new URL(url).pathname.slice(1));

  const imported: number[] = [];
  const inserted: number[] = [];
  for (let done = 0; done < users; done += batch) {
    const people = Array.from({ length: batch }, (_one, index) => aUser(done + index));
    let ids: string[] = [];
    imported.push(
      await timed(async () => {
        const answer = await service.send('POST', '/admin/users/import', { users: people });
        if (answer.imported !== batch) throw new Error(`${answer.refused} of ${batch} were refused`);
        ids = answer.results.map(({ id }: { id: string }) => id);
      }),
    );
    const rows = await tables.rowsOf(ids);
    inserted.push(await timed(() => tables.insert(rows)));
  }

  const n = users.toLocaleString('en');
  return [
    measured(`bulk INSERT, ${batch.toLocaleString('en')} users at a time`, 'ms', inserted),
    compared(
      `POST /admin/users/import, ${n} users, ${batch.toLocaleString('en')} at a time`,
      'ms',
      imported,
      {
        reference: 'the INSERTs',
        to: inserted,
        target: { atMost: 3 },
      },
    ),
    ...(await measureLists(run, service, users)),
  ];
}

async function measureLists(run: Run, service: Service, users: number): Promise<Figure[]> {
  const { users: first } = await service.send('GET', '/admin/users?limit=200');
  const middle = await service.send('GET', `/admin/users?search=person-${Math.floor(users / 2)}@`);
  const figures: Figure[] = [];
  for (const [what, query] of [
    ['the first', ''],
    ['one in the middle', `&cursor=${middle.users[0].id}`],
    ['of the role user', '&role=user'],
    ['role admin (one user)', '&role=admin'],
    ['disabled users (none)', '&state=disabled'],
    ['of a search that finds one', `&search=person-${users - 1}@`],
    ['of a search that finds all', '&search=person'],
    ['a search without matches', '&search=zzz'],
    ['of an id', `&search=${first[0].id}`],
  ] as const) {
    const rounds: number[] = [];
    for (let round = 0; round < (run.quick ? 1 : 15); round++) {
      rounds.push(await timed(() => service.send('GET', `/admin/users?limit=200${query}`)));
    }
    figures.push(measured(`GET /admin/users, a page of 200: ${what}`, 'ms', rounds));
  }
  return figures;
}

/** As another system would hand it over. */
function aUser(index: number) {
  const signs = (length: number) =>
    Array.from({ length }, () => BASE64[Math.floor(Math.random() * 64)]).join('');
  return {
    email: `person-${index}@example.com`,
    username: `person_${index}`,
    name: `Person ${index}`,
    // The last sign of a salt and that of a hash have fewer bits than the others.
    password_hash: `$2b$04$${signs(21)}.${signs(30)}.`,
    email_verified: true,
    roles: ['user'],
    created_at: new Date(1_500_000_000_000 + index * 1000).toISOString(),
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The first administrator, as an operator makes one. */
async function createAdmin(env: Readonly<Record<string, string>>): Promise<void> {
  const args = [ADMIN, 'create-user', '--email', EMAIL, '--role', 'admin'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(PASSWORD);
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(`the command admin ended with exit code ${exitCode}`);
}

type Service = Awaited<ReturnType<typeof logIn>>;

async function logIn({ port }: Program) {
  let token = '';
  async function send(method: string, path: string, body?: object) {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
  ({ access_token: token } = await send('POST', '/login', { email: EMAIL, password: PASSWORD }));
  return { send };
}

/** The same tables in a database of their own, to be filled with the same rows without the service. */
async function emptyTables({ administrator, createDatabase }: Mysql, source: string) {
  const target = new URL(await createDatabase('raw')).pathname.slice(1);
  await administrator.query(`USE ${target}`);
  await administrator.query('SET foreign_key_checks = 0');
  for (const table of [...Object.keys(TABLES), 'roles']) {
    const [[row]] = await administrator.query<RowDataPacket[]>(`SHOW CREATE TABLE ${source}.${table}`);
    await administrator.query(String(Object.values(row ?? {})[1]));
  }
  await administrator.query('SET foreign_key_checks = 1');
  await administrator.query(`INSERT INTO roles SELECT * FROM ${source}.roles`);
  const columns = await Promise.all(
    Object.keys(TABLES).map((table) => writtenColumns(administrator, source, table)),
  );

  return {
    /** What the service wrote for these users. */
    rowsOf: (ids: readonly string[]) =>
      Promise.all(
        Object.entries(TABLES).map(([table, key], index) =>
          rowsOf(administrator, `${source}.${table}`, columns[index] ?? '', key, ids),
        ),
      ),
    async insert(rows: readonly unknown[][][]): Promise<void> {
      for (const [index, table] of Object.keys(TABLES).entries()) {
        await administrator.query(`INSERT INTO ${table} (${columns[index]}) VALUES ?`, [rows[index]]);
      }
    },
  };
}

/** The columns of a table as the text of a list, but for those that the database computes. */
async function writtenColumns(administrator: Connection, database: string, table: string): Promise<string> {
  const [rows] = await administrator.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND EXTRA NOT LIKE '% GENERATED%' ORDER BY ORDINAL_POSITION`,
    [database, table],
  );
  return rows.map(({ name }) => name).join(', ');
}

async function rowsOf(
  administrator: Connection,
  from: string,
  columns: string,
  key: string,
  ids: readonly string[],
): Promise<unknown[][]> {
  const sql = `SELECT ${columns} FROM ${from} WHERE ${key} IN (?)`;
  // Times as texts, so that writing them again costs nothing.
  const [rows] = await administrator.query({ sql, rowsAsArray: true, dateStrings: true, values: [ids] });
  return rows as unknown as unknown[][];
}
