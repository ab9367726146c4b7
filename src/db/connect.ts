import type { Logger } from 'pino';
import { QueryTypes, type Sequelize, Transaction } from 'sequelize';
import type { DatabaseConfig } from '../config/config.ts';
import { AppError } from '../core/errors.ts';
import { setDeadline } from './deadline.ts';
import { isTransient, isUnavailable } from './errors.ts';
import { openSequelize } from './sequelize.ts';
import { type SqliteFile, watchSqliteFile } from './sqlite-file.ts';
import { type OpenTable, tablesIn } from './table.ts';
import { atOnce, createTurns } from './turns.ts';

export interface Database {
  readonly sequelize: Sequelize;
  /** For transactions alone: on MySQL with a pool of its own, on SQLite the same as `sequelize`. */
  readonly transactions: Sequelize;
  readonly open: OpenTable;
  /**
   * Runs one operation, waiting for a connection included, within the configured time or a shorter one. Deadlocks
   * are tried again.
   * @throws AppError database_unavailable where the database is away, too slow, or out of connections
   */
  readonly run: <Result>(operation: () => Promise<Result>, withinMilliseconds?: number) => Promise<Result>;
  /** Like `run`, for one statement that writes. On SQLite writes and transactions take turns. */
  readonly write: <Result>(operation: () => Promise<Result>) => Promise<Result>;
  /**
   * Runs `work` in a transaction, which has the same time as one operation once it begins. It may run more than once.
   * @throws AppError database_unavailable
   */
  readonly transaction: <Result>(work: (transaction: Transaction) => Promise<Result>) => Promise<Result>;
  /**
   * Reads on a connection outside the pool, one statement after another: for what has to go on while requests wait for
   * the pool. Values take the places of `:name`.
   * @throws AppError database_unavailable
   */
  readonly readAside: <Row extends object>(
    sql: string,
    values?: Readonly<Record<string, number>>,
  ) => Promise<Row[]>;
  /** The time on the server's clock, in milliseconds; undefined on SQLite, where it is this host's. */
  readonly readTime: (() => Promise<number>) | undefined;
  /** Whether a part of an SQLite file cannot be read. */
  readonly isDamaged: () => boolean;
  /** Undefined on SQLite, where there is no pool. */
  readonly poolState: () => PoolState | undefined;
  readonly close: () => Promise<void>;
}

export interface PoolState {
  readonly used: number;
  readonly idle: number;
  /** Operations that wait for a connection. */
  readonly waiting: number;
}

const MAX_ATTEMPTS = 3;
const MAX_JITTER_MILLISECONDS = 50;

/**
 * Prepares the database that `config` names. MySQL connections are made when first used, so this never waits for one.
 *
 * SQLite has one writer at a time, and no queue for those that wait. So the writes of this process take turns, and
 * IMMEDIATE takes the lock at the beginning, where waiting for another process is possible.
 */
export async function connectDatabase(config: DatabaseConfig, logger?: Logger): Promise<Database> {
  const { location } = config;
  const isSqlite = location.dialect === 'sqlite';
  const sequelize = openSequelize(config, config.timeoutMilliseconds);
  const transactions = isSqlite ? sequelize : openSequelize(config, config.timeoutMilliseconds, true);
  const aside = openSequelize({ ...config, poolMax: 1 }, config.timeoutMilliseconds);
  const file: SqliteFile = isSqlite
    ? await watchSqliteFile(location.storage, [sequelize, aside], useWriteAheadLog, logger)
    : { use: (operation) => operation(), isDamaged: () => false };
  const run: Database['run'] = (operation, withinMilliseconds = config.timeoutMilliseconds) =>
    withDeadline(
      retryTransient(() => file.use(operation)),
      Math.min(withinMilliseconds, config.timeoutMilliseconds),
    );
  const inTurn = isSqlite ? createTurns(isDatabaseUnavailable) : atOnce;
  const options = isSqlite ? { type: Transaction.TYPES.IMMEDIATE } : {};
  const readAside: Database['readAside'] = (sql, values = {}) =>
    run(() => aside.query(sql, { replacements: values, type: QueryTypes.SELECT, raw: true }));
  return {
    sequelize,
    transactions,
    open: tablesIn(sequelize),
    run,
    write: (operation) => inTurn(() => run(operation)),
    transaction: (work) => inTurn(() => run(() => transactions.transaction(options, work))),
    readAside,
    readTime: isSqlite ? undefined : () => readMysqlTime(readAside),
    isDamaged: file.isDamaged,
    poolState: () => (isSqlite ? undefined : sumOf(poolStateOf(sequelize), poolStateOf(transactions))),
    close: async () => {
      await Promise.all([...new Set([sequelize, transactions, aside])].map((each) => each.close()));
    },
  };
}

/** In UTC: the time zone of a session may have hours that come twice. */
async function readMysqlTime(read: Database['readAside']): Promise<number> {
  const sql = "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS microseconds";
  const [row] = await read<{ microseconds: number }>(sql);
  return Number(row?.microseconds) / 1000;
}

/** Sequelize's types miss the pool, which is one of the package sequelize-pool. */
function poolStateOf(sequelize: Sequelize): PoolState {
  const { pool } = sequelize.connectionManager as unknown as {
    readonly pool: { readonly using: number; readonly available: number; readonly waiting: number };
  };
  return { used: pool.using, idle: pool.available, waiting: pool.waiting };
}

function sumOf(a: PoolState, b: PoolState): PoolState {
  return { used: a.used + b.used, idle: a.idle + b.idle, waiting: a.waiting + b.waiting };
}

/** Readers do not wait for the writer of an SQLite file then. */
export async function useWriteAheadLog(sequelize: Sequelize): Promise<void> {
  await sequelize.query('PRAGMA journal_mode = WAL');
}

function isDatabaseUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'database_unavailable';
}

async function retryTransient<Result>(operation: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (isUnavailable(error)) throw new AppError('database_unavailable', undefined, { cause: error });
      if (!isTransient(error)) throw error;
      // On a cluster whose members change, one conflict follows another.
      if (attempt === MAX_ATTEMPTS) throw new AppError('database_unavailable', undefined, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_JITTER_MILLISECONDS * attempt));
    }
  }
}

/** @throws AppError database_unavailable where there is no result after the given number of milliseconds */
export async function withDeadline<Result>(result: Promise<Result>, milliseconds: number): Promise<Result> {
  let cancel = () => {};
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = setDeadline(() => {
      const cause = new Error(`the database gave no answer within ${milliseconds} ms`);
      reject(new AppError('database_unavailable', undefined, { cause }));
    }, milliseconds);
  });
  try {
    return await Promise.race([result, deadline]);
  } finally {
    cancel();
  }
}
