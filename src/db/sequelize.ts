import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConnectionError, type QueryOptions, Sequelize } from 'sequelize';
import type { DatabaseConfig } from '../config/config.ts';
import { type MysqlConnection, prepareMysqlConnection } from './mysql-connection.ts';
import { sqliteDriver } from './sqlite-driver.ts';

const IDLE_CONNECTION_MILLISECONDS = 10_000;
/** How long a migration may wait for a connection or for a locked SQLite file, since no request waits for it. */
const MIGRATION_WAIT_MILLISECONDS = 60_000;
/**
 * The part of its time limit that a statement may spend waiting for a locked SQLite file. It gives up before its caller
 * does: otherwise it could still take effect after the caller was told that it had failed.
 */
const LOCK_WAIT_SHARE = 0.8;

/** The members that are missing from Sequelize's types. */
interface ConnectionManager {
  destroyConnection: (connection: unknown) => Promise<void>;
  readonly releaseConnection: (connection: unknown) => void;
}

type Statement = string | { readonly query: string; readonly bind?: QueryOptions['bind'] };

/** Sequelize's types miss it: saves `SET time_zone` on every new connection; times travel as UTC text anyway. */
const UNTYPED_OPTIONS = { keepDefaultTimezone: true };

/**
 * A Sequelize for the database that `config` names; it connects when it is first asked something.
 * `statementLimitMilliseconds` cuts off MySQL statements that take longer, and the wait for a locked SQLite file; null
 * lets them take their time. One for transactions runs nothing else.
 */
export function openSequelize(
  config: DatabaseConfig,
  statementLimitMilliseconds: number | null,
  isForTransactions = false,
): Sequelize {
  const { location } = config;
  const common = { logging: false, retry: { max: 1 } } as const;
  if (location.dialect === 'sqlite') {
    // The file holds password hashes, so no other user of the host may enter its directory.
    mkdirSync(dirname(location.storage), { recursive: true, mode: 0o700 });
    const lockWaitMilliseconds =
      statementLimitMilliseconds === null
        ? MIGRATION_WAIT_MILLISECONDS
        : statementLimitMilliseconds * LOCK_WAIT_SHARE;
    const dialectModule = sqliteDriver(lockWaitMilliseconds);
    const sequelize = new Sequelize({ ...location, ...common, dialectModule });
    closeFailedConnections(sequelize);
    return guardBindParameters(sequelize);
  }
  const sequelize = new Sequelize({
    ...location,
    ...common,
    ...UNTYPED_OPTIONS,
    pool: {
      max: config.poolMax,
      min: 0,
      acquire: statementLimitMilliseconds === null ? MIGRATION_WAIT_MILLISECONDS : config.timeoutMilliseconds,
      idle: IDLE_CONNECTION_MILLISECONDS,
    },
    dialectOptions: {
      charset: 'utf8mb4',
      connectTimeout: config.connectTimeoutMilliseconds,
      // Affected rows count what WHERE matched. Sequelize asks for changed rows, which would call a write of the
      // same value a lost race.
      flags: ['+FOUND_ROWS'],
      // Sequelize has put the values in; the driver would search the whole statement for places where they belong.
      queryFormat: (sql: string) => sql,
      ...(config.tls && { ssl: config.tls }),
    },
  });
  // An error thrown here reaches the request that waits for a connection, which has to see a lost one.
  sequelize.addHook('afterConnect', async (connection: unknown) => {
    try {
      await prepareMysqlConnection(
        connection as MysqlConnection,
        statementLimitMilliseconds,
        isForTransactions,
      );
    } catch (error) {
      (connection as MysqlConnection).stream.destroy();
      throw new ConnectionError(error as Error);
    }
  });
  if (isForTransactions) sequelize.getQueryInterface().startTransaction = async () => {};
  return guardBindParameters(sequelize);
}

/**
 * When a commit fails, Sequelize looks for the connection in a pool, and SQLite has none: the connection would stay open,
 * and with it the transaction, which has locked the file.
 */
function closeFailedConnections({ connectionManager }: Sequelize): void {
  const manager = connectionManager as unknown as ConnectionManager;
  manager.destroyConnection = async (connection) => manager.releaseConnection(connection);
}

/**
 * Sequelize looks for $1, $name and $$ in the whole text of a statement that has bound values, also inside quotes, and
 * puts into that text what a condition of an UPDATE compares with (all but plain equality). A value with such a sign
 * would then move all others to other columns. So every $ has to be that of a bound value.
 */
function guardBindParameters(sequelize: Sequelize): Sequelize {
  const query = sequelize.query.bind(sequelize) as (sql: Statement, options?: QueryOptions) => Promise<never>;
  const guarded = (sql: Statement, options?: QueryOptions) => {
    const { query: text, bind = options?.bind } = typeof sql === 'string' ? { query: sql } : sql;
    if (bind !== undefined && text.split('$').length - 1 !== Object.keys(bind).length) {
      throw new Error('a statement holds both bound values and a $ that is none of them');
    }
    return query(sql, options);
  };
  sequelize.query = guarded as Sequelize['query'];
  return sequelize;
}
