import { ForeignKeyConstraintError, QueryTypes } from 'sequelize';
import { insertRows } from '../../db/insert-rows.ts';
import { missingNames } from '../../db/missing-names.ts';
import type { Scope } from '../../db/scope.ts';
import { laterThan } from '../../db/versions.ts';
import { ROLE_PERMISSIONS, ROLES, USER_ROLES } from '../access/roles.tables.ts';
import { AppError } from '../errors.ts';
import { USERS } from './users.store.ts';

export type UserRoleStore = ReturnType<typeof createUserRoleStore>;

/** The roles of users, in the table `user_roles`. */
export function createUserRoleStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const users = open(USERS);
  const userRoles = open(USER_ROLES);
  const rolePermissions = open(ROLE_PERMISSIONS);

  /** @throws AppError unknown_role */
  const add = (userId: string, roles: readonly string[]) => addMany(roles.map((role) => ({ userId, role })));

  /** The same for many users. @throws AppError unknown_role */
  async function addMany(given: readonly { userId: string; role: string }[]): Promise<void> {
    if (given.length === 0) return;
    try {
      await insertRows(scope, userRoles, given);
    } catch (error) {
      if (!(error instanceof ForeignKeyConstraintError)) throw error;
      const [role] = await unknown(given.map((one) => one.role));
      throw unknownRole(role, error);
    }
  }

  /** Those of these names that no role has. */
  const unknown = (names: readonly string[]) => missingNames(scope, ROLES, names);

  /** The roles of each of these users, in order. */
  async function rolesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const where = { userId: [...userIds] };
    const rows = await run(() => userRoles.findAll({ where, order: ['role'], transaction, raw: true }));
    const found = new Map<string, string[]>(userIds.map((id) => [id, []]));
    for (const { userId, role } of rows) found.get(userId)?.push(role);
    return found;
  }

  /** All permissions of these roles, each once, in order. */
  async function permissionsOf(roles: readonly string[]): Promise<string[]> {
    const where = { role: [...roles] };
    const rows = await run(() => rolePermissions.findAll({ where, transaction, raw: true }));
    return [...new Set(rows.map(({ permission }) => permission))].sort();
  }

  /** A version of the user's rights that tokens do not have yet, in a transaction. */
  async function raiseVersion(userId: string, at: Date): Promise<Date> {
    const user = await run(() =>
      users.findByPk(userId, { attributes: ['rightsVersion'], transaction, lock: transaction !== null }),
    );
    const version = laterThan(user?.rightsVersion ?? null, at);
    await write(() => users.update({ rightsVersion: version }, { where: { id: userId }, transaction }));
    return version;
  }

  /**
   * Makes these the user's only roles, in a transaction. The version from which on tokens hold them.
   * @throws AppError unknown_role
   */
  async function replace(userId: string, roles: readonly string[], at: Date): Promise<Date> {
    const version = await raiseVersion(userId, at);
    await write(() => userRoles.destroy({ where: { userId }, transaction }));
    await add(userId, roles);
    return version;
  }

  /**
   * How many active users but this one have the role. Other transactions that ask wait for the end of this one, so that
   * of two users who would each leave the other one waits.
   */
  async function countOthersWith(role: string, userId: string): Promise<number> {
    // Writing the same value again takes the lock on the role, on every database.
    await write(() =>
      sequelize.query('UPDATE roles SET updated_at = updated_at WHERE name = :role', {
        replacements: { role },
        type: QueryTypes.UPDATE,
        transaction,
      }),
    );
    const sql = `SELECT COUNT(*) AS others FROM user_roles JOIN users ON users.id = user_roles.user_id
      WHERE user_roles.role = :role AND users.id <> :userId AND users.disabled_at IS NULL`;
    const rows = await run(() =>
      sequelize.query<{ others: number }>(sql, {
        replacements: { role, userId },
        type: QueryTypes.SELECT,
        transaction,
      }),
    );
    return Number(rows[0]?.others ?? 0);
  }

  return { add, addMany, rolesOf, raiseVersion, replace, unknown, permissionsOf, countOthersWith };
}

function unknownRole(role: string | undefined, cause: unknown): AppError {
  return new AppError('unknown_role', role && `There is no role ${role}.`, { cause });
}
