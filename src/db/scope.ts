import type { Sequelize, Transaction } from 'sequelize';
import type { OpenTable } from './table.ts';

/** The dependencies of a store: the tables, the transaction it belongs to if any, and how reads and writes are run. */
export interface Scope {
  readonly open: OpenTable;
  readonly sequelize: Sequelize;
  readonly transaction: Transaction | null;
  readonly run: <Result>(operation: () => Promise<Result>) => Promise<Result>;
  readonly write: <Result>(operation: () => Promise<Result>) => Promise<Result>;
}
