import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { setDeadline } from './deadline.ts';

type Command = (...args: unknown[]) => EventEmitter;

/** The part of a mysql2 connection that is used here. */
export interface MysqlConnection {
  readonly stream: Duplex;
  query: Command;
  execute: Command;
}

/** MySQL would cut what it joins together after 1024 bytes, without an error. */
const MAX_CONCAT_BYTES = 1_048_576;
const SQL_MODE = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

/**
 * Makes a new connection behave the same whatever the server has as defaults. `limitMilliseconds` is how long a
 * statement may take; null where that is as long as it takes, as in a migration.
 *
 * Under NO_BACKSLASH_ESCAPES the backslashes with which Sequelize escapes quotes in values would mean nothing, and a
 * value could become SQL. Under READ COMMITTED each statement sees what is committed, so that what it decides does
 * not rest on an old snapshot, and what is not there is not locked; an INSERT ... SELECT locks the rows that it reads
 * only where it says so. A statement that waits for a lock longer than its caller waits would take effect after the
 * caller was told that it had not; one that only takes long would go on in the server after its connection was cut.
 *
 * A connection for transactions does not commit by itself, so its next statement begins the next transaction, which
 * saves the round trip of START TRANSACTION.
 */
export async function prepareMysqlConnection(
  connection: MysqlConnection,
  limitMilliseconds: number | null,
  isForTransactions = false,
): Promise<void> {
  // First of all, so that the statements below cannot hang either.
  if (limitMilliseconds !== null) cutWhenSilent(connection, limitMilliseconds);
  const query = promisify(connection.query.bind(connection) as (sql: string, done: () => void) => void);
  await query(
    `SET SESSION sql_mode = '${SQL_MODE}', SESSION group_concat_max_len = ${MAX_CONCAT_BYTES}${limits(limitMilliseconds)}`,
  );
  await query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  if (isForTransactions) await query('SET SESSION autocommit = 0');
}

/** In comments that only one of the two servers executes: MariaDB ends any statement, MySQL 5.7.8 and later a SELECT. */
function limits(milliseconds: number | null): string {
  if (milliseconds === null) return '';
  return `, SESSION innodb_lock_wait_timeout = ${Math.max(1, Math.floor(milliseconds / 1000))}
    /*M!100101 , SESSION max_statement_time = ${milliseconds / 1000} */
    /*!50708 , SESSION max_execution_time = ${milliseconds} */`;
}

/**
 * Cuts a connection on which a command stays without an answer. A server that vanished without closing its connections
 * would otherwise keep each one, and a place in the pool, until TCP gives up a quarter of an hour later.
 */
function cutWhenSilent(connection: MysqlConnection, limitMilliseconds: number): void {
  connection.query = timed(connection, connection.query, limitMilliseconds);
  connection.execute = timed(connection, connection.execute, limitMilliseconds);
}

function timed(connection: MysqlConnection, send: Command, limitMilliseconds: number): Command {
  return (...args) => {
    const command = send.apply(connection, args);
    const cancel = setDeadline(() => {
      connection.stream.destroy(new Error(`MySQL gave no answer within ${limitMilliseconds} ms`));
    }, limitMilliseconds);
    command.once('end', cancel).once('error', cancel);
    return command;
  };
}
