import type { Database } from './connect.ts';
import type { Scope } from './scope.ts';
import { atOnce } from './turns.ts';

/** Stores outside a transaction, and the way into one. */
export type Store<Stores> = Stores & {
  /**
   * Runs `work` with the same stores, whose writes take effect together or not at all. It may run more than once, since
   * the database may ask for another attempt.
   */
  readonly transaction: <Result>(work: (stores: Stores) => Promise<Result>) => Promise<Result>;
};

/** Makes stores that read and write on their own, and the same inside each transaction. */
export function createStore<Stores>(database: Database, storesIn: (scope: Scope) => Stores): Store<Stores> {
  const { open, sequelize, run, write } = database;
  return {
    ...storesIn({ open, sequelize, run, write, transaction: null }),
    transaction: (work) =>
      database.transaction((transaction) =>
        work(storesIn({ open, sequelize, run: atOnce, write: atOnce, transaction })),
      ),
  };
}
