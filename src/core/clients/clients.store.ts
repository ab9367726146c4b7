import { ForeignKeyConstraintError, Op, Transaction } from 'sequelize';
import { AppError } from '../errors.ts';
import { missingNames } from '../../db/missing-names.ts';
import type { ClientRow } from '../../db/rows.ts';
import type { Scope } from '../../db/scope.ts';
import { laterThan } from '../../db/versions.ts';
import type { Client, ClientChange, ClientStore } from './ports.ts';

const IN_ORDER: [string, string][] = [['id', 'ASC']];

/** Machines in the tables `clients`, `client_permissions` and `client_secrets`. */
export function createClientStore(scope: Scope): ClientStore {
  const { models, transaction, run, write } = scope;
  const { clients, clientPermissions, clientSecrets } = models;

  async function findOne(id: string, lock?: 'SHARE' | 'UPDATE'): Promise<Client | null> {
    const locking = lock === undefined ? {} : { lock: Transaction.LOCK[lock] };
    const row = await run(() => clients.findOne({ where: { id }, transaction, ...locking }));
    // The other tables are asked in any case: an id that nobody has takes as long as any other.
    return (await complete([id], row === null ? [] : [row.get()]))[0] ?? null;
  }

  /** The clients of these rows with what the other tables have of them. */
  async function complete(clientId: string[], rows: readonly ClientRow[]): Promise<Client[]> {
    const where = { clientId };
    const granted = await run(() =>
      clientPermissions.findAll({ where, order: ['permission'], transaction, raw: true }),
    );
    const secrets = await run(() => clientSecrets.findAll({ where, order: IN_ORDER, transaction }));
    return rows.map((row) => ({
      ...row,
      permissions: granted.filter((grant) => grant.clientId === row.id).map(({ permission }) => permission),
      secrets: secrets
        .filter((secret) => secret.clientId === row.id)
        .map(({ id, hash, createdAt }) => ({ id, hash, createdAt })),
    }));
  }

  async function grant(clientId: string, permissions: readonly string[]): Promise<void> {
    if (permissions.length === 0) return;
    try {
      const rows = permissions.map((permission) => ({ clientId, permission }));
      await write(() => clientPermissions.bulkCreate(rows, { transaction }));
    } catch (error) {
      if (error instanceof ForeignKeyConstraintError)
        throw new AppError('unknown_permission', undefined, { cause: error });
      throw error;
    }
  }

  return {
    async insert({ permissions, ...row }) {
      await write(() => clients.create({ ...row }, { transaction }));
      await grant(row.id, permissions);
    },
    find: (id) => findOne(id),
    findForUse: (id) => findOne(id, 'SHARE'),
    findForChange: (id) => findOne(id, 'UPDATE'),
    async list(limit, after) {
      const where = after === undefined ? {} : { id: { [Op.gt]: after } };
      const rows = await run(() => clients.findAll({ where, order: IN_ORDER, limit, transaction }));
      return complete(
        rows.map(({ id }) => id),
        rows.map((row) => row.get()),
      );
    },
    async update(id, { permissions, name, expiresAt, updatedAt }: ClientChange) {
      await write(() => clients.update({ name, expiresAt, updatedAt }, { where: { id }, transaction }));
      await write(() => clientPermissions.destroy({ where: { clientId: id }, transaction }));
      await grant(id, permissions);
    },
    async raiseVersion({ id, rightsVersion: before }, at) {
      const rightsVersion = laterThan(before, at);
      await write(() => clients.update({ rightsVersion }, { where: { id }, transaction }));
      return rightsVersion;
    },
    async remove(id) {
      return (await write(() => clients.destroy({ where: { id }, transaction }))) === 1;
    },
    async addSecret(clientId, secret) {
      await write(() => clientSecrets.create({ ...secret, clientId }, { transaction }));
    },
    async removeSecret(clientId, id) {
      return (await write(() => clientSecrets.destroy({ where: { id, clientId }, transaction }))) === 1;
    },
    unknownPermissions: (names) => missingNames(scope, 'permissions', names),
    async idsWith(permission) {
      const where = { permission };
      const rows = await run(() => clientPermissions.findAll({ where, transaction, raw: true }));
      return rows.map(({ clientId }) => clientId);
    },
  };
}
