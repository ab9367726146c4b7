import { QueryTypes } from 'sequelize';
import type { Scope } from '../../db/scope.ts';
import type { UserFilter } from './user.ts';

const LAST_CHARACTER = '\u{10ffff}';
/** One after the other, since with OR the database would merge three indexes, or read the whole table. */
const SEARCHED_COLUMNS = ['id', 'email_canonical', 'username_canonical'];

/**
 * The ids of a page. Each statement is made of constants, and goes by the index that leaves the fewest rows: left to
 * themselves, MariaDB and SQLite walk the primary key until the page is full, which is the whole table where few are
 * looked for.
 */
export async function listUserIds(
  { sequelize, transaction, run }: Scope,
  { search, role, state }: UserFilter,
  limit: number,
  after = '',
): Promise<string[]> {
  const isSqlite = sequelize.getDialect() === 'sqlite';
  const by = (index: string) => (isSqlite ? `INDEXED BY ${index}` : `FORCE INDEX (${index})`);
  // A unary plus keeps SQLite from using an index for a term; unique indexes have no name there that could be asked for.
  const id = isSqlite ? '+users.id' : 'users.id';
  const join = isSqlite ? 'CROSS JOIN' : 'STRAIGHT_JOIN';
  const hasRole =
    role === undefined
      ? ''
      : 'AND EXISTS (SELECT 1 FROM user_roles WHERE user_roles.user_id = users.id AND user_roles.role = :role)';
  const isInState = {
    active: 'AND users.disabled_at IS NULL',
    disabled: 'AND users.disabled_at IS NOT NULL',
  };
  const hasState = state === undefined ? '' : isInState[state];

  function select(): string {
    if (search !== undefined) {
      const columns = search.isAddress ? ['email_canonical'] : SEARCHED_COLUMNS;
      const selects = columns.flatMap((column) =>
        search.prefixes.map((_, at) => selectBeginning(column, at)),
      );
      return selects.join(' UNION ');
    }
    if (state === 'disabled') {
      return page(`SELECT users.id AS id FROM users ${by('users_disabled_at')}
        WHERE users.disabled_at IS NOT NULL AND users.id > :after ${hasRole}`);
    }
    if (role !== undefined) {
      return `SELECT user_roles.user_id AS id
        FROM user_roles ${join} users ON users.id = user_roles.user_id
        WHERE user_roles.role = :role AND user_roles.user_id > :after ${hasState}
        ORDER BY user_roles.user_id LIMIT :limit`;
    }
    return page(`SELECT users.id AS id FROM users WHERE users.id > :after ${hasState}`);
  }

  /** A range, since LIKE would take % and _ in what people search for as wildcards. */
  function selectBeginning(column: string, at: number): string {
    const isId = column === 'id';
    const hint = isId || isSqlite ? '' : by(`users_${column}`);
    const selected = page(
      `SELECT users.id AS id FROM users ${hint}
      WHERE users.${column} >= :begin${at} AND users.${column} < :end${at}
        AND ${isId ? 'users.id' : id} > :after ${hasState} ${hasRole}`,
      isId ? 'id' : isSqlite ? '+id' : 'id',
    );
    return `SELECT id FROM (${selected}) AS by_${column}_${at}`;
  }

  const page = (sql: string, order = 'id') => `${sql} ORDER BY ${order} LIMIT :limit`;
  const sql = page(`SELECT id FROM (${select()}) AS found`);
  const ranges = (search?.prefixes ?? []).flatMap((prefix, at) => [
    [`begin${at}`, prefix],
    [`end${at}`, `${prefix}${LAST_CHARACTER}`],
  ]);
  const replacements = { ...Object.fromEntries(ranges), role: role ?? null, after, limit };
  const rows = await run(() =>
    sequelize.query<{ id: string }>(sql, { replacements, type: QueryTypes.SELECT, transaction }),
  );
  return rows.map((row) => row.id);
}
