import { ForeignKeyConstraintError, Op, Transaction } from 'sequelize';
import { missingNames } from '../../db/missing-names.ts';
import type { Scope } from '../../db/scope.ts';
import { nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import { laterThan } from '../../db/versions.ts';
import { PERMISSIONS } from '../access/roles.tables.ts';
import { AppError } from '../errors.ts';
import type { Client, ClientChange, ClientSecret, NewClient } from './client.ts';

export const CLIENTS = table('clients', {
  id: primaryKey(text(36)),
  name: text(200),
  rightsVersion: nullable(time()),
  expiresAt: nullable(time()),
  createdAt: time(),
  updatedAt: time(),
});

export const CLIENT_PERMISSIONS = table('client_permissions', {
  clientId: primaryKey(text(36)),
  permission: primaryKey(text(128)),
});

export const CLIENT_SECRETS = table('client_secrets', {
  id: primaryKey(text(36)),
  clientId: text(36),
  hash: text(64),
  createdAt: time(),
});

type ClientRow = RowOf<typeof CLIENTS>;

export type ClientStore = ReturnType<typeof createClientStore>;

const IN_ORDER: [string, string][] = [['id', 'ASC']];

/** Machine clients, in the tables `clients`, `client_permissions` and `client_secrets`. */
export function createClientStore(scope: Scope) {
  const { open, transaction, run, write } = scope;
  const clients = open(CLIENTS);
  const clientPermissions = open(CLIENT_PERMISSIONS);
  const clientSecrets = open(CLIENT_SECRETS);

  /** @throws AppError unknown_permission */
  async function insert({ permissions, ...row }: NewClient): Promise<void> {
    await write(() => clients.create({ ...row }, { transaction }));
    await grant(row.id, permissions);
  }

  function find(id: string): Promise<Client | null> {
    return findOne(id);
  }

  /** As `find`, with a lock that keeps the client from being deleted or changed before the transaction ends. */
  function findForUse(id: string): Promise<Client | null> {
    return findOne(id, 'SHARE');
  }

  /** As `find`, with an exclusive lock until the transaction ends. */
  function findForChange(id: string): Promise<Client | null> {
    return findOne(id, 'UPDATE');
  }

  async function findOne(id: string, lock?: 'SHARE' | 'UPDATE'): Promise<Client | null> {
    const locking = lock === undefined ? {} : { lock: Transaction.LOCK[lock] };
    const row = await run(() => clients.findOne({ where: { id }, transaction, ...locking }));
    // The other tables are asked in any case: an id that no client has takes as long as any other.
    return (await complete([id], row === null ? [] : [row.get()]))[0] ?? null;
  }

  /** In the order of ids, those after `after` if that is given. */
  async function list(limit: number, after: string | undefined): Promise<Client[]> {
    const where = after === undefined ? {} : { id: { [Op.gt]: after } };
    const rows = await run(() => clients.findAll({ where, order: IN_ORDER, limit, transaction }));
    return complete(
      rows.map(({ id }) => id),
      rows.map((row) => row.get()),
    );
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

  /** @throws AppError unknown_permission */
  async function update(
    id: string,
    { permissions, name, expiresAt, updatedAt }: ClientChange,
  ): Promise<void> {
    await write(() => clients.update({ name, expiresAt, updatedAt }, { where: { id }, transaction }));
    await write(() => clientPermissions.destroy({ where: { clientId: id }, transaction }));
    await grant(id, permissions);
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

  /** Raises the version of a client that was found for a change; tokens made from now on have it. */
  async function raiseVersion(
    { id, rightsVersion: before }: Pick<Client, 'id' | 'rightsVersion'>,
    at: Date,
  ): Promise<Date> {
    const rightsVersion = laterThan(before, at);
    await write(() => clients.update({ rightsVersion }, { where: { id }, transaction }));
    return rightsVersion;
  }

  /** False where there is none of this id. */
  async function remove(id: string): Promise<boolean> {
    return (await write(() => clients.destroy({ where: { id }, transaction }))) === 1;
  }

  async function addSecret(clientId: string, secret: ClientSecret): Promise<void> {
    await write(() => clientSecrets.create({ ...secret, clientId }, { transaction }));
  }

  /** False where the client has none of this id. */
  async function removeSecret(clientId: string, id: string): Promise<boolean> {
    return (await write(() => clientSecrets.destroy({ where: { id, clientId }, transaction }))) === 1;
  }

  /** Which of these names belong to no permission. */
  function unknownPermissions(names: readonly string[]): Promise<string[]> {
    return missingNames(scope, PERMISSIONS, names);
  }

  /** The ids of the clients that have a permission. */
  async function idsWith(permission: string): Promise<string[]> {
    const where = { permission };
    const rows = await run(() => clientPermissions.findAll({ where, transaction, raw: true }));
    return rows.map(({ clientId }) => clientId);
  }

  return {
    insert,
    find,
    findForUse,
    findForChange,
    list,
    update,
    raiseVersion,
    remove,
    addSecret,
    removeSecret,
    unknownPermissions,
    idsWith,
  };
}
