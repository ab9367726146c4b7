import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { temporaryDirectory } from './temporary.ts';

/** An empty database of its own. */
export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

export type DatabaseKind = 'SQLite' | 'MySQL';

export function createTestDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  return kind === 'SQLite' ? createSqliteDatabase() : createMysqlDatabase();
}

async function createSqliteDatabase(): Promise<TestDatabase> {
  const directory = temporaryDirectory('sqlite');
  return {
    url: `sqlite:${join(directory, 'latchkey.sqlite')}`,
    drop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** With what the statements make in it. */
export async function createMysqlDatabase(statements = ''): Promise<TestDatabase> {
  const url = new URL(process.env.TEST_MYSQL_URL ?? '');
  const name = `latchkey_test_${randomBytes(6).toString('hex')}`;
  await administrate(`CREATE DATABASE ${name};USE ${name};${statements}`);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await administrate(`DROP DATABASE ${name}`);
    },
  };
}

/** Runs statements as the administrator of the MySQL of the run; the rows that one alone gives. */
export async function administrate(sql: string): Promise<RowDataPacket[]> {
  const url = new URL(process.env.TEST_MYSQL_URL ?? '');
  const connection = await createConnection({
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    multipleStatements: true,
  });
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  await connection.end();
  return rows;
}
