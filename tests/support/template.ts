import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/config.ts';
import { applyMigrations } from '../../src/db/migrate.ts';
import { temporaryDirectory } from './temporary.ts';
import {
  administrate,
  createMysqlDatabase,
  createTestDatabase,
  type DatabaseKind,
  type TestDatabase,
} from './test-database.ts';

const DIRECTORY_VARIABLE = 'TEST_TEMPLATE_DIRECTORY';
const SQLITE_FILE = 'latchkey.sqlite';
const MYSQL_FILE = 'latchkey.sql';
const made: TestDatabase[] = [];

/** Migrates a database of each kind once for the whole run, since that takes longer than most tests. */
export async function makeTemplates(kinds: readonly DatabaseKind[]): Promise<void> {
  const directory = temporaryDirectory('template');
  process.env[DIRECTORY_VARIABLE] = directory;
  for (const kind of kinds) {
    const template = await createTestDatabase(kind);
    made.push(template);
    await applyMigrations(loadConfig({ DATABASE_URL: template.url }).database);
    if (kind === 'SQLite') copyFileSync(template.url.slice('sqlite:'.length), join(directory, SQLITE_FILE));
    else writeFileSync(join(directory, MYSQL_FILE), await describe(nameOf(template.url)));
  }
}

export async function removeTemplates(): Promise<void> {
  await Promise.all(made.map((template) => template.drop()));
  rmSync(process.env[DIRECTORY_VARIABLE] ?? '', { recursive: true, force: true });
}

/** A database of its own, as the migrations leave it. */
export async function createMigratedDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const directory = process.env[DIRECTORY_VARIABLE] ?? '';
  if (kind === 'MySQL') return createMysqlDatabase(readFileSync(join(directory, MYSQL_FILE), 'utf8'));
  const database = await createTestDatabase(kind);
  copyFileSync(join(directory, SQLITE_FILE), database.url.slice('sqlite:'.length));
  return database;
}

/** The same on SQLite in this directory, which the caller removes: its URL. */
export function migratedSqliteIn(directory: string): string {
  const file = join(directory, SQLITE_FILE);
  copyFileSync(join(process.env[DIRECTORY_VARIABLE] ?? '', SQLITE_FILE), file);
  return `sqlite:${file}`;
}

/** The statements that make a copy of a database. */
async function describe(name: string): Promise<string> {
  const tables = (await administrate(`SHOW TABLES FROM ${name}`)).map((row) => String(Object.values(row)[0]));
  const statements = ['SET foreign_key_checks = 0'];
  for (const table of tables) {
    const [row] = await administrate(`SHOW CREATE TABLE ${name}.${table}`);
    statements.push(String(row?.['Create Table']), `INSERT INTO ${table} SELECT * FROM ${name}.${table}`);
  }
  return statements.join(';\n');
}

const nameOf = (url: string): string => new URL(url).pathname.slice(1);
