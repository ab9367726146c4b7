import { Op } from 'sequelize';
import { PERMISSIONS } from '../../core/access/roles.tables.ts';
import { AppError } from '../../core/errors.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Scope } from '../../db/scope.ts';
import type { Permission } from './role.ts';

/** The permissions, in the table `permissions`. */
export function createPermissionStore({ open, transaction, run, write }: Scope) {
  const permissions = open(PERMISSIONS);

  /** In the order of their names, those after the name `after` if that is given. */
  async function list(limit: number, after: string | undefined): Promise<Permission[]> {
    const where = after === undefined ? {} : { name: { [Op.gt]: after } };
    const rows = await run(() => permissions.findAll({ where, order: ['name'], limit, transaction }));
    return rows.map((row) => row.get());
  }

  /** @throws AppError permission_taken */
  async function insert(permission: Permission): Promise<void> {
    try {
      await write(() => permissions.create({ ...permission }, { transaction }));
    } catch (error) {
      throw isUniqueViolation(error) ? new AppError('permission_taken', undefined, { cause: error }) : error;
    }
  }

  /** In a transaction, no role gets it before that ends. */
  async function find(name: string): Promise<Permission | null> {
    const lock = transaction !== null;
    const row = await run(() => permissions.findByPk(name, { transaction, lock }));
    return row?.get() ?? null;
  }

  async function describe(name: string, description: string | null): Promise<void> {
    await write(() => permissions.update({ description }, { where: { name }, transaction }));
  }

  /** Also takes it away from all roles. */
  async function remove(name: string): Promise<void> {
    await write(() => permissions.destroy({ where: { name }, transaction }));
  }

  return { list, insert, find, describe, remove };
}
