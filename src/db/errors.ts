import { ConnectionError, DatabaseError, TimeoutError, UniqueConstraintError } from 'sequelize';

/** Driver codes that mean: the database is away, going away, or takes no writes at present. */
const UNAVAILABLE_CODES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
  'ER_SERVER_GONE_ERROR',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  // A node of a cluster that has lost the others: what it was asked to commit is not committed.
  'ER_ERROR_DURING_COMMIT',
  'ER_UNKNOWN_COM_ERROR',
  'ER_LOCK_WAIT_TIMEOUT',
  'SQLITE_BUSY',
  'SQLITE_CANTOPEN',
  'SQLITE_IOERR',
  'SQLITE_FULL',
  'SQLITE_READONLY',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'ER_QUERY_TIMEOUT',
]);

/** MariaDB's ER_STATEMENT_TIMEOUT, for which the driver has no name: it took longer than max_statement_time. */
const STATEMENT_TIMEOUT_NUMBER = 1969;

const DAMAGE_CODES: ReadonlySet<unknown> = new Set([
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
]);

const TRANSIENT_CODES: ReadonlySet<unknown> = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  // The connection was closed under it, since another operation has found the file damaged.
  'SQLITE_MISUSE',
]);

/** Whether the same request may well succeed later, unchanged. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true;
  if (!(error instanceof DatabaseError)) return false;
  return isFatal(error) || isTimedOut(error) || UNAVAILABLE_CODES.has(driverCode(error));
}

/** Whether the file of an SQLite database is damaged or gone. */
export function isDamage(error: unknown): boolean {
  // A connection that cannot even be opened is another kind of error.
  const code = error instanceof DatabaseError || error instanceof ConnectionError ? driverCode(error) : '';
  return DAMAGE_CODES.has(code);
}

/** Whether the statement lost against another one and should simply run again. */
export function isTransient(error: unknown): boolean {
  return error instanceof DatabaseError && TRANSIENT_CODES.has(driverCode(error));
}

/** Whether `error` says that a table is not there: the database has never been migrated. */
export function isTableMissing(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return driverCode(error) === 'ER_NO_SUCH_TABLE' || error.message.includes('no such table');
}

/** Whether `error` says that a row with this key exists already. */
export function isUniqueViolation(error: unknown): error is UniqueConstraintError {
  return error instanceof UniqueConstraintError;
}

/** Whether `error` says that a value of `column` exists already. MySQL names the index, SQLite the column. */
export function isDuplicate(error: unknown, column: string): boolean {
  if (!isUniqueViolation(error)) return false;
  // Typed as an object, and so it is on MySQL; on SQLite it is a list.
  const fields: readonly string[] = Array.isArray(error.fields) ? error.fields : Object.keys(error.fields);
  return fields.some((field) => field.includes(column));
}

function driverCode({ original }: DatabaseError | ConnectionError): unknown {
  return 'code' in original ? original.code : undefined;
}

function isTimedOut({ original }: DatabaseError): boolean {
  return 'errno' in original && original.errno === STATEMENT_TIMEOUT_NUMBER;
}

/** mysql2 marks an error that ended the connection. */
function isFatal(error: DatabaseError): boolean {
  return 'fatal' in error.original && error.original.fatal === true;
}
