import { ForeignKeyConstraintError, Op, QueryTypes } from 'sequelize';
import { PERMISSIONS, ROLE_PERMISSIONS, ROLES, USER_ROLES } from '../../core/access/roles.tables.ts';
import { AppError } from '../../core/errors.ts';
import { REVOCATIONS } from '../../core/revocation/revocations.store.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import { missingNames } from '../../db/missing-names.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import type { RowOf } from '../../db/table.ts';
import { laterThan } from '../../db/versions.ts';
import type { NewRole, Role } from './role.ts';

type RoleRow = RowOf<typeof ROLES>;

/** Which other roles the users of a role have, each combination once: few, however many users there are. */
const COMBINATIONS_SQL = `SELECT DISTINCT combined.roles FROM (
    SELECT GROUP_CONCAT(others.role) AS roles
    FROM user_roles AS mine JOIN user_roles AS others ON others.user_id = mine.user_id
    WHERE mine.role = :name AND others.role IN (:others)
    GROUP BY others.user_id
  ) AS combined`;

/** Roles and their permissions, in the tables `roles` and `role_permissions`. */
export function createRoleStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const roles = open(ROLES);
  const rolePermissions = open(ROLE_PERMISSIONS);
  const userRoles = open(USER_ROLES);
  const revocations = open(REVOCATIONS);
  const lock = transaction !== null;

  async function withPermissions(rows: readonly RoleRow[]): Promise<Role[]> {
    const where = { role: rows.map(({ name }) => name) };
    const held = await run(() => rolePermissions.findAll({ where, transaction, raw: true }));
    const byRole = new Map<string, string[]>(rows.map(({ name }) => [name, []]));
    for (const { role, permission } of held) byRole.get(role)?.push(permission);
    return rows.map((row) => ({ ...row, permissions: byRole.get(row.name)?.sort() ?? [] }));
  }

  /** In the order of their names, those after the name `after` if that is given. */
  async function list(limit: number, after: string | undefined): Promise<Role[]> {
    const where = after === undefined ? {} : { name: { [Op.gt]: after } };
    const rows = await run(() => roles.findAll({ where, order: ['name'], limit, transaction }));
    return withPermissions(rows.map((row) => row.get()));
  }

  /** Locks the role: until the transaction ends, no user gets or loses it. */
  async function find(name: string): Promise<Role | null> {
    const row = await run(() => roles.findByPk(name, { transaction, lock }));
    return row === null ? null : ((await withPermissions([row.get()]))[0] ?? null);
  }

  /** The roles that have a permission. */
  async function listWith(permission: string): Promise<Role[]> {
    const where = { permission };
    const held = await run(() => rolePermissions.findAll({ where, transaction, raw: true }));
    const names = held.map(({ role }) => role);
    const rows = await run(() =>
      roles.findAll({ where: { name: names }, order: ['name'], transaction, lock }),
    );
    return withPermissions(rows.map((row) => row.get()));
  }

  async function add(role: string, added: readonly string[]): Promise<void> {
    if (added.length === 0) return;
    try {
      const rows = added.map((permission) => ({ role, permission }));
      await write(() => rolePermissions.bulkCreate(rows, { transaction }));
    } catch (error) {
      if (error instanceof ForeignKeyConstraintError) throw await unknownPermission(added, error);
      throw error;
    }
  }

  async function unknownPermission(names: readonly string[], cause: unknown): Promise<AppError> {
    const unknown = await missingNames(scope, PERMISSIONS, names);
    return new AppError('unknown_permission', `There is no permission ${unknown.join(', ')}.`, { cause });
  }

  /** Reads what was revoked after the insert, which waits for a transaction that is about to delete the name. */
  async function laterThanFormer(name: string, at: Date): Promise<Date> {
    const where = { kind: 'role', subjectId: name };
    const former = await run(() =>
      revocations.findOne({ where, order: [['notBefore', 'DESC']], transaction }),
    );
    return laterThan(former?.get().notBefore ?? null, at);
  }

  /**
   * Its version is later than that of any role that had the name before.
   * @throws AppError role_taken, unknown_permission
   */
  async function insert({ name, description, permissions: held }: NewRole, at: Date): Promise<Role> {
    const row: RoleRow = { name, description, version: at, createdAt: at, updatedAt: at };
    try {
      await write(() => roles.create(row, { transaction }));
    } catch (error) {
      throw isUniqueViolation(error) ? new AppError('role_taken', undefined, { cause: error }) : error;
    }
    const version = await laterThanFormer(name, at);
    await write(() => roles.update({ version }, { where: { name }, transaction }));
    await add(name, held);
    return { ...row, version, permissions: [...held].sort() };
  }

  async function describe(name: string, description: string | null, at: Date): Promise<void> {
    await write(() => roles.update({ description, updatedAt: at }, { where: { name }, transaction }));
  }

  /** @throws AppError unknown_permission */
  async function setPermissions(
    { name, permissions: before }: Role,
    after: readonly string[],
  ): Promise<void> {
    const removed = before.filter((permission) => !after.includes(permission));
    const where = { role: name, permission: removed };
    if (removed.length > 0) await write(() => rolePermissions.destroy({ where, transaction }));
    await add(
      name,
      after.filter((permission) => !before.includes(permission)),
    );
  }

  /** Gives these roles one version that is later than the version of each. */
  async function raiseVersions(raised: readonly Role[], at: Date): Promise<Date> {
    const version = raised.reduce((latest, role) => laterThan(role.version, latest), at);
    const where = { name: raised.map(({ name }) => name) };
    await write(() => roles.update({ version, updatedAt: at }, { where, transaction }));
    return version;
  }

  async function remove(name: string): Promise<void> {
    await write(() => roles.destroy({ where: { name }, transaction }));
  }

  /** Whether more than `count` users have the role. */
  async function hasMoreUsersThan(name: string, count: number): Promise<boolean> {
    const options = { where: { role: name }, attributes: ['userId'], offset: count, limit: 1, raw: true };
    return (await run(() => userRoles.findAll({ ...options, transaction }))).length > 0;
  }

  /** Takes the role away from all its users, some thousands at a time; never in a transaction. */
  async function takeFromAll(name: string): Promise<void> {
    const where = { role: name };
    await removeInPortions((limit) => write(() => userRoles.destroy({ where, limit, transaction })));
  }

  /** Whether some user of the role has permissions that are together, with spaces between, longer than `bytes`. */
  async function hasUserBeyond(name: string, bytes: number): Promise<boolean> {
    const rows = await run(() => rolePermissions.findAll({ transaction, raw: true }));
    const held = new Map<string, string[]>(rows.map(({ role }) => [role, []]));
    for (const { role, permission } of rows) held.get(role)?.push(permission);
    const isBeyond = (names: Iterable<string>) =>
      [...new Set([...names].flatMap((role) => held.get(role) ?? []))].join(' ').length > bytes;

    const others = [...held.keys()].filter((role) => role !== name);
    // Where not even a user with every role has too much, none need be looked at.
    if (others.length === 0 || !isBeyond(held.keys())) return isBeyond([name]);
    const combinations = await run(() =>
      sequelize.query<{ roles: string }>(COMBINATIONS_SQL, {
        replacements: { name, others },
        type: QueryTypes.SELECT,
        transaction,
      }),
    );
    return combinations.some(({ roles }) => isBeyond([name, ...roles.split(',')]));
  }

  return {
    list,
    find,
    listWith,
    insert,
    describe,
    setPermissions,
    raiseVersions,
    remove,
    hasMoreUsersThan,
    takeFromAll,
    hasUserBeyond,
  };
}
