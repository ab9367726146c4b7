import { createRequire } from 'node:module';
import type sqlite3Module from 'sqlite3';

type Callback = (this: unknown, error: (Error & { readonly code?: string }) | null, rows: unknown[]) => void;

/** What Sequelize asks before each SELECT; a migration asks in upper case. */
const COLUMNS_OF_A_TABLE = /^PRAGMA table_info\(/;

/** Sequelize also rolls back a transaction that could not begin, and one that SQLite itself has rolled back. */
const NOTHING_TO_ROLL_BACK = /cannot rollback - no transaction is active$/;

/** The limit of a random pause. It shrinks as a statement waits, so that those that have waited longest try most often. */
const MAX_PAUSE_MILLISECONDS = 20;

/**
 * The driver for one Sequelize.
 *
 * A statement that finds the file locked is retried for `lockWaitMilliseconds`. SQLite's own wait is off: it would occupy
 * the connection and a thread of libuv, and try only ten times a second (docs/decisions/0063-writers-poll-for-the-lock.md).
 *
 * Sequelize asks for the types of a table's columns before every SELECT that it makes. They do not change while the
 * service runs, so the file is asked once for each table.
 */
export function sqliteDriver(lockWaitMilliseconds: number): object {
  // A service on MySQL does not load it.
  const sqlite3 = createRequire(import.meta.url)('sqlite3') as typeof sqlite3Module;
  const columns = new Map<string, unknown[]>();

  class Connection extends sqlite3.Database {
    constructor(...args: [file: string, mode: number, opened: () => void]) {
      super(...args);
      this.configure('busyTimeout', 0);
    }

    override run(sql: string, ...rest: unknown[]): this {
      return this.#retryWhileLocked((values) => super.run(sql, ...values), rest);
    }

    override all(sql: string, ...rest: unknown[]): this {
      const ask = (values: unknown[]) => super.all(sql, ...(values as []));
      if (!COLUMNS_OF_A_TABLE.test(sql)) return this.#retryWhileLocked(ask, rest);
      const callback = rest.at(-1) as Callback;
      const known = columns.get(sql);
      if (known === undefined) {
        const remember: Callback = (error, rows) => {
          // A table that does not exist yet has none.
          if (error === null && rows.length > 0) columns.set(sql, rows);
          callback(error, rows);
        };
        return this.#retryWhileLocked(ask, [remember]);
      }
      callback(null, known);
      return this;
    }

    #retryWhileLocked(execute: (values: unknown[]) => void, rest: unknown[]): this {
      const callback = rest.at(-1) as Callback | undefined;
      if (callback === undefined) {
        execute(rest);
        return this;
      }
      const values = rest.slice(0, -1);
      const deadline = performance.now() + lockWaitMilliseconds;
      const attempt = () => execute([...values, onResult]);
      // Not an arrow function: `this` is the statement, from which Sequelize reads how many rows have changed.
      const onResult = function (this: unknown, ...[error, rows]: Parameters<Callback>): void {
        const remaining = deadline - performance.now();
        if (error === null) callback.call(this, error, rows);
        else if (error.code === 'SQLITE_BUSY' && remaining > 0) attemptLater(remaining);
        else if (NOTHING_TO_ROLL_BACK.test(error.message)) callback.call(this, null, []);
        else callback.call(this, error, rows);
      };
      const attemptLater = (remaining: number) =>
        setTimeout(
          // As Sequelize runs each statement.
          () => this.serialize(attempt),
          (Math.random() * MAX_PAUSE_MILLISECONDS * remaining) / lockWaitMilliseconds,
        );
      attempt();
      return this;
    }
  }

  return { ...sqlite3, Database: Connection };
}
