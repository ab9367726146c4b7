import { literal, Op, QueryTypes, type WhereOptions } from 'sequelize';
import type { UserFilter } from '../accounts/ports.ts';
import type { UserRow } from './rows.ts';
import type { Scope } from './scope.ts';

/** A page of users in the order of their ids, those after the id `after` if that is given. */
export async function listUsers(
  scope: Scope,
  filter: UserFilter,
  limit: number,
  after: string | undefined,
): Promise<UserRow[]> {
  const { models, sequelize, transaction, run } = scope;
  const { search, role, state } = filter;
  const isByRole = role !== undefined && search === undefined && state !== 'disabled';
  const where = isByRole
    ? { id: await listIdsOf(scope, role, state, limit, after) }
    : { [Op.and]: conditionsOf(filter, after, (value) => sequelize.escape(value)) };
  const order: [string, string][] = [['id', 'ASC']];
  const rows = await run(() => models.users.findAll({ where, order, limit, transaction }));
  return rows.map((row) => row.get());
}

/**
 * Goes by the index of the role, whether that has one user or all. By itself MariaDB collects all users of the role
 * first and sorts them.
 */
async function listIdsOf(
  { sequelize, transaction, run }: Scope,
  role: string,
  state: UserFilter['state'],
  limit: number,
  after = '',
): Promise<string[]> {
  const joined = sequelize.getDialect() === 'sqlite' ? 'CROSS JOIN' : 'STRAIGHT_JOIN';
  const sql = `SELECT user_roles.user_id AS id
      FROM user_roles ${joined} users ON users.id = user_roles.user_id
      WHERE user_roles.role = :role AND user_roles.user_id > :after
        ${state === undefined ? '' : 'AND users.disabled_at IS NULL'}
      ORDER BY user_roles.user_id LIMIT :limit`;
  const options = { replacements: { role, after, limit }, type: QueryTypes.SELECT, transaction } as const;
  const rows = await run(() => sequelize.query<{ id: string }>(sql, options));
  return rows.map(({ id }) => id);
}

const LAST_CHARACTER = '\u{10ffff}';

const hasRole = (role: string) =>
  `EXISTS (SELECT 1 FROM user_roles WHERE user_roles.user_id = users.id AND user_roles.role = ${role})`;

function conditionsOf(
  { search, role, state }: UserFilter,
  after: string | undefined,
  quote: (value: string) => string,
): WhereOptions<UserRow>[] {
  // A range, since LIKE would take signs in what people search for as its own.
  const beginsSo = { [Op.gte]: search, [Op.lt]: `${search}${LAST_CHARACTER}` };
  const fields = ['id', 'emailCanonical', 'usernameCanonical'];
  return [
    ...(search === undefined ? [] : [{ [Op.or]: fields.map((field) => ({ [field]: beginsSo })) }]),
    ...(role === undefined ? [] : [literal(hasRole(quote(role)))]),
    ...(state === undefined ? [] : [{ disabledAt: state === 'active' ? null : { [Op.ne]: null } }]),
    ...(after === undefined ? [] : [{ id: { [Op.gt]: after } }]),
  ];
}
