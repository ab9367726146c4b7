import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Sequelize } from 'sequelize';
import type { DatabaseConfig } from '../config.ts';

const SQL_MODE = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';
const IDLE_CONNECTION_MILLISECONDS = 10_000;

/** Sequelize's types miss it: saves `SET time_zone` on every new connection; times travel as UTC text anyway. */
const UNTYPED_OPTIONS = { keepDefaultTimezone: true };

/** A Sequelize for the database that `config` names; it connects when it is first asked something. */
export function openSequelize(config: DatabaseConfig): Sequelize {
  const { location } = config;
  const common = { logging: false, retry: { max: 1 } } as const;
  if (location.dialect === 'sqlite') {
    // The file holds password hashes: its directory is nobody else's.
    mkdirSync(dirname(location.storage), { recursive: true, mode: 0o700 });
    return new Sequelize({ ...location, ...common });
  }
  const sequelize = new Sequelize({
    ...location,
    ...common,
    ...UNTYPED_OPTIONS,
    pool: {
      max: config.poolMax,
      min: 0,
      acquire: config.timeoutMilliseconds,
      idle: IDLE_CONNECTION_MILLISECONDS,
    },
    dialectOptions: {
      charset: 'utf8mb4',
      connectTimeout: config.connectTimeoutMilliseconds,
      // Affected rows count what WHERE matched. Sequelize asks for changed rows, which would call a write of the
      // same value a lost race.
      flags: ['+FOUND_ROWS'],
      ...(config.tls && { ssl: config.tls }),
    },
  });
  sequelize.addHook('afterConnect', (connection) =>
    prepareMysqlSession(connection, config.timeoutMilliseconds),
  );
  return sequelize;
}

/**
 * What a server may have as its defaults does not decide how the service behaves:
 *
 * Under NO_BACKSLASH_ESCAPES the backslashes with which Sequelize escapes quotes in values would mean nothing, and a
 * value could become SQL. Below REPEATABLE READ an INSERT ... SELECT does not lock the row it reads, which may change
 * before the insert counts. A statement that waits for a lock longer than its caller waits would take effect after the
 * caller was told that it had not.
 */
async function prepareMysqlSession(opened: unknown, timeoutMilliseconds: number): Promise<void> {
  const connection = opened as MysqlConnection;
  const query = promisify(connection.query.bind(connection));
  const lockWaitSeconds = Math.max(1, Math.floor(timeoutMilliseconds / 1000));
  await query(`SET SESSION sql_mode = '${SQL_MODE}', SESSION innodb_lock_wait_timeout = ${lockWaitSeconds}`);
  await query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
}

interface MysqlConnection {
  readonly query: (sql: string, done: (error: Error | null) => void) => void;
}
