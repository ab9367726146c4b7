import { createRequire } from 'node:module';
import type sqlite3Module from 'sqlite3';

type Answer = (this: unknown, error: (Error & { readonly code?: string }) | null, rows: unknown[]) => void;

/** What Sequelize asks before each SELECT; a migration asks in upper case. */
const COLUMNS_OF_A_TABLE = /^PRAGMA table_info\(/;

/** Sequelize also rolls back what could not begin, and what SQLite has rolled back by itself. */
const NOTHING_TO_ROLL_BACK = /cannot rollback - no transaction is active$/;

/** At random up to this at first, and to ever less: who has waited longest looks most often, and finds the next gap. */
const MAX_PAUSE_MILLISECONDS = 20;

/**
 * The driver for one Sequelize.
 *
 * A statement that finds the file locked is tried again until `waitMilliseconds` are over. SQLite's own wait is off: it
 * would keep the connection and a thread of libuv, and look only ten times a second
 * (docs/decisions/0063-writers-look-often-for-the-lock.md).
 *
 * Sequelize asks for the types of a table's columns before every SELECT that it makes. They do not change while the
 * service runs, so the file is asked once for each table.
 */
export function sqliteDriver(waitMilliseconds: number): object {
  // A service on MySQL does not load it.
  const sqlite3 = createRequire(import.meta.url)('sqlite3') as typeof sqlite3Module;
  const columns = new Map<string, unknown[]>();

  class Connection extends sqlite3.Database {
    constructor(...args: [file: string, mode: number, opened: () => void]) {
      super(...args);
      this.configure('busyTimeout', 0);
    }

    override run(sql: string, ...rest: unknown[]): this {
      return this.#onceFree((values) => super.run(sql, ...values), rest);
    }

    override all(sql: string, ...rest: unknown[]): this {
      const ask = (values: unknown[]) => super.all(sql, ...(values as []));
      if (!COLUMNS_OF_A_TABLE.test(sql)) return this.#onceFree(ask, rest);
      const answer = rest.at(-1) as Answer;
      const known = columns.get(sql);
      if (known === undefined) {
        const keep: Answer = (error, rows) => {
          // Of a table that is not there yet there are none.
          if (error === null && rows.length > 0) columns.set(sql, rows);
          answer(error, rows);
        };
        return this.#onceFree(ask, [keep]);
      }
      answer(null, known);
      return this;
    }

    #onceFree(execute: (values: unknown[]) => void, rest: unknown[]): this {
      const answer = rest.at(-1) as Answer | undefined;
      if (answer === undefined) {
        execute(rest);
        return this;
      }
      const values = rest.slice(0, -1);
      const until = performance.now() + waitMilliseconds;
      const attempt = () => execute([...values, take]);
      // Not an arrow: `this` is the statement, from which Sequelize reads how many rows have changed.
      const take = function (this: unknown, ...[error, rows]: Parameters<Answer>): void {
        if (error === null) answer.call(this, error, rows);
        else if (error.code === 'SQLITE_BUSY' && performance.now() < until) pause(until - performance.now());
        else if (NOTHING_TO_ROLL_BACK.test(error.message)) answer.call(this, null, []);
        else answer.call(this, error, rows);
      };
      const pause = (left: number) =>
        setTimeout(
          () => this.serialize(attempt),
          (Math.random() * MAX_PAUSE_MILLISECONDS * left) / waitMilliseconds,
        );
      attempt();
      return this;
    }
  }

  return { ...sqlite3, Database: Connection };
}
