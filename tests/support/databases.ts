import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { createConnection } from 'mysql2/promise';

/** An empty database that nobody else uses. */
export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

export type DatabaseKind = 'SQLite' | 'MySQL';

const mysqlUrl = process.env.TEST_MYSQL_URL;

/** The databases that the run has; global-setup.ts has said so if MySQL is missing. */
export const databaseKinds: readonly DatabaseKind[] = mysqlUrl ? ['SQLite', 'MySQL'] : ['SQLite'];

/** Runs a suite once on each database. */
export function onEachDatabase(suite: (kind: DatabaseKind) => void): void {
  for (const kind of databaseKinds) describe(`on ${kind}`, () => suite(kind));
}

/** Runs a suite where there is a MySQL. */
export function onMysql(suite: () => void): void {
  if (databaseKinds.includes('MySQL')) describe('on MySQL', suite);
}

/** Runs a suite where the MySQL of the run speaks TLS, with the PEM file of its authority. */
export function onMysqlWithTls(suite: (caFile: string) => void): void {
  const caFile = process.env.TEST_MYSQL_CA_FILE;
  if (caFile) describe('on MySQL with TLS', () => suite(caFile));
}

export function createTestDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  return kind === 'SQLite' ? createSqliteDatabase() : createMysqlDatabase();
}

async function createSqliteDatabase(): Promise<TestDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'));
  return {
    url: `sqlite:${join(directory, 'latchkey.sqlite')}`,
    drop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

async function createMysqlDatabase(): Promise<TestDatabase> {
  const url = new URL(mysqlUrl ?? '');
  const name = `latchkey_test_${randomBytes(6).toString('hex')}`;
  await administrate(`CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administrate(`DROP DATABASE ${name}`) };
}

/** Runs one statement as the administrator of the MySQL of the run. */
export async function administrate(sql: string): Promise<void> {
  const url = new URL(mysqlUrl ?? '');
  const connection = await createConnection({
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  });
  await connection.query(sql);
  await connection.end();
}
