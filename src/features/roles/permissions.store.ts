import { Op } from 'sequelize';
import { AppError } from '../../core/errors.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Scope } from '../../db/scope.ts';
import type { PermissionStore } from './ports.ts';

/** What can be allowed, in the table `permissions`. */
export function createPermissionStore({ models, transaction, run, write }: Scope): PermissionStore {
  const { permissions } = models;
  return {
    async list(limit, after) {
      const where = after === undefined ? {} : { name: { [Op.gt]: after } };
      const rows = await run(() => permissions.findAll({ where, order: ['name'], limit, transaction }));
      return rows.map((row) => row.get());
    },
    async insert(permission) {
      try {
        await write(() => permissions.create({ ...permission }, { transaction }));
      } catch (error) {
        throw isUniqueViolation(error)
          ? new AppError('permission_taken', undefined, { cause: error })
          : error;
      }
    },
    async find(name) {
      const lock = transaction !== null;
      const row = await run(() => permissions.findByPk(name, { transaction, lock }));
      return row?.get() ?? null;
    },
    async describe(name, description) {
      await write(() => permissions.update({ description }, { where: { name }, transaction }));
    },
    async remove(name) {
      await write(() => permissions.destroy({ where: { name }, transaction }));
    },
  };
}
