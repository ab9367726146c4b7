import { createRequire } from 'node:module';
import type sqlite3Module from 'sqlite3';

type Answer = (error: Error | null, rows: unknown[]) => void;

/** What Sequelize asks before each SELECT; a migration asks in upper case. */
const COLUMNS_OF_A_TABLE = /^PRAGMA table_info\(/;

/**
 * The driver for one Sequelize, which asks for the types of a table's columns before every SELECT that it makes. They do
 * not change while the service runs, so the file is asked once for each table.
 */
export function sqliteDriver(): object {
  // A service on MySQL does not load it.
  const sqlite3 = createRequire(import.meta.url)('sqlite3') as typeof sqlite3Module;
  const columns = new Map<string, unknown[]>();

  class Connection extends sqlite3.Database {
    override all(sql: string, ...rest: unknown[]): this {
      const answer = rest.at(-1) as Answer;
      if (!COLUMNS_OF_A_TABLE.test(sql)) return super.all(sql, ...(rest as [Answer]));
      const known = columns.get(sql);
      if (known === undefined) {
        return super.all(sql, (error: Error | null, rows: unknown[]) => {
          // Of a table that is not there yet there are none.
          if (error === null && rows.length > 0) columns.set(sql, rows);
          answer(error, rows);
        });
      }
      answer(null, known);
      return this;
    }
  }

  return { ...sqlite3, Database: Connection };
}
