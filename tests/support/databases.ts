import { describe } from '@jest/globals';
import { isLongForm } from './extent.ts';
import type { DatabaseKind } from './test-database.ts';

export { administrate, createTestDatabase, type DatabaseKind, type TestDatabase } from './test-database.ts';

/** The databases that the run has; global-setup.ts has said so if MySQL is missing. */
export const databaseKinds: readonly DatabaseKind[] = process.env.TEST_MYSQL_URL
  ? ['SQLite', 'MySQL']
  : ['SQLite'];

/** Runs a suite once on each database. */
export function onEachDatabase(suite: (kind: DatabaseKind) => void): void {
  for (const kind of databaseKinds) describe(`on ${kind}`, () => suite(kind));
}

/** Runs a suite on SQLite in `npm test`, for what is refused before any database is asked; on each in the long form. */
export function onOneDatabase(suite: (kind: DatabaseKind) => void): void {
  if (isLongForm()) onEachDatabase(suite);
  else describe('on SQLite', () => suite('SQLite'));
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
