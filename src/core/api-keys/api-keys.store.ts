import { permissionsIn } from '@latchkey/verifier/core';
import { ForeignKeyConstraintError, Op, QueryTypes } from 'sequelize';
import { insertRows } from '../../db/insert-rows.ts';
import { missingNames } from '../../db/missing-names.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import { insufficientScope } from '../access/insufficient-scope.ts';
import { PERMISSIONS } from '../access/roles.tables.ts';
import { USERS } from '../users/users.store.ts';
import type { ApiKey, NewApiKey } from './api-key.ts';

export const API_KEYS = table('api_keys', {
  id: primaryKey(text(36)),
  userId: text(36),
  name: text(200),
  hash: text(64),
  prefix: text(16),
  lastFour: text(4),
  scope: nullable(longText()),
  expiresAt: nullable(time()),
  lastUsedAt: nullable(time()),
  createdAt: time(),
  revokedAt: nullable(time()),
});

/** Which keys name a permission in their scope, so that they are found when it is deleted. */
export const API_KEY_PERMISSIONS = table('api_key_permissions', {
  apiKeyId: primaryKey(text(36)),
  permission: primaryKey(text(128)),
});

type ApiKeyRow = RowOf<typeof API_KEYS>;

const PORTION_ROWS = 1_000;

export type ApiKeyStore = ReturnType<typeof createApiKeyStore>;

/** Keys, in the table `api_keys`. A key is live as long as it is neither revoked nor expired. */
export function createApiKeyStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const apiKeys = open(API_KEYS);
  const apiKeyPermissions = open(API_KEY_PERMISSIONS);
  const users = open(USERS);

  /**
   * To be called in a transaction, in which the owner's keys are counted and locked against another addition.
   * `no_owner` where no active user has that id, `too_many` where there are `maxLive` live keys.
   * @throws AppError insufficient_scope where a permission has been deleted at the same moment
   */
  async function insert(key: NewApiKey, maxLive: number): Promise<'inserted' | 'no_owner' | 'too_many'> {
    const { userId, createdAt } = key;
    // The lock on the owner makes transactions that add a key at the same time count one after another.
    const where = { id: userId, disabledAt: null };
    const lock = transaction !== null;
    const owner = await run(() => users.findOne({ where, attributes: ['id'], transaction, lock }));
    if (owner === null) return 'no_owner';
    const live = await run(() => apiKeys.count({ where: { userId, ...liveAt(createdAt) }, transaction }));
    if (live >= maxLive) return 'too_many';
    await write(() => apiKeys.create({ ...key, lastUsedAt: null, revokedAt: null }, { transaction }));
    await insertPermissions(key.id, permissionsIn(key.scope ?? ''));
    return 'inserted';
  }

  async function insertPermissions(apiKeyId: string, permissions: readonly string[]): Promise<void> {
    if (permissions.length === 0) return;
    try {
      const rows = permissions.map((permission) => ({ apiKeyId, permission }));
      await insertRows(scope, apiKeyPermissions, rows);
    } catch (error) {
      if (!(error instanceof ForeignKeyConstraintError)) throw error;
      throw insufficientScope((await missingNames(scope, PERMISSIONS, permissions))[0]);
    }
  }

  /** Takes a permission that is deleted out of the scopes that name it, in the transaction that deletes it. */
  async function takePermission(name: string): Promise<void> {
    const named = await run(() =>
      apiKeyPermissions.findAll({ where: { permission: name }, transaction, raw: true }),
    );
    const ids = named.map(({ apiKeyId }) => apiKeyId);
    const isSqlite = sequelize.getDialect() === 'sqlite';
    const padded = isSqlite ? "' ' || scope || ' '" : "CONCAT(' ', scope, ' ')";
    const sql = `UPDATE api_keys SET scope = TRIM(REPLACE(${padded}, :taken, ' ')) WHERE id IN (:ids)`;
    for (let first = 0; first < ids.length; first += PORTION_ROWS) {
      const replacements = { taken: ` ${name} `, ids: ids.slice(first, first + PORTION_ROWS) };
      await write(() => sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }));
    }
  }

  /** A user's live keys, the latest first. */
  async function listLive(userId: string, at: Date): Promise<ApiKey[]> {
    const where = { userId, ...liveAt(at) };
    const order: [string, string][] = [['id', 'DESC']];
    const rows = await run(() => apiKeys.findAll({ where, order, transaction }));
    return rows.map((row) => toApiKey(row.get()));
  }

  async function findLive(userId: string, id: string, at: Date): Promise<ApiKey | null> {
    const where = { userId, id, ...liveAt(at) };
    const row = await run(() => apiKeys.findOne({ where, transaction }));
    return row === null ? null : toApiKey(row.get());
  }

  /** Also where the key is revoked or expired; null where there is none. */
  async function findByHash(hash: string): Promise<ApiKey | null> {
    const row = await run(() => apiKeys.findOne({ where: { hash }, transaction }));
    return row === null ? null : toApiKey(row.get());
  }

  /** False where the user has no such live key: of two concurrent callers one gets true. */
  async function revoke(userId: string, id: string, at: Date): Promise<boolean> {
    const where = { userId, id, ...liveAt(at) };
    const [affected] = await write(() => apiKeys.update({ revokedAt: at }, { where, transaction }));
    return affected === 1;
  }

  /** Revokes all live keys of a user. The ids of what this call revoked. */
  async function revokeAll(userId: string, at: Date): Promise<string[]> {
    const where = { userId, ...liveAt(at) };
    const rows = await run(() =>
      apiKeys.findAll({ where, attributes: ['id'], transaction, lock: transaction !== null }),
    );
    const ids = rows.map((row) => row.get().id);
    if (ids.length > 0)
      await write(() =>
        apiKeys.update({ revokedAt: at }, { where: { id: ids, revokedAt: null }, transaction }),
      );
    return ids;
  }

  /** Records a use, unless a later one is known. */
  async function recordUse(id: string, at: Date): Promise<void> {
    const where = { id, lastUsedAt: { [Op.or]: [null, { [Op.lt]: at }] } };
    await write(() => apiKeys.update({ lastUsedAt: at }, { where, transaction }));
  }

  /** Those of `ids` that are keys of this user, revoked ones among them. */
  async function ownedAmong(userId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const where = { userId, id: [...ids] };
    const rows = await run(() => apiKeys.findAll({ where, attributes: ['id'], transaction }));
    return new Set(rows.map((row) => row.get().id));
  }

  /** Removes keys that were revoked or have expired before `before`. */
  async function prune(before: Date): Promise<void> {
    for (const column of ['revokedAt', 'expiresAt']) {
      const where = { [column]: { [Op.lt]: before } };
      await removeInPortions((limit) => write(() => apiKeys.destroy({ where, limit, transaction })));
    }
  }

  return {
    insert,
    listLive,
    findLive,
    findByHash,
    revoke,
    revokeAll,
    takePermission,
    recordUse,
    ownedAmong,
    prune,
  };
}

function liveAt(at: Date) {
  return { revokedAt: null, expiresAt: { [Op.or]: [null, { [Op.gt]: at }] } };
}

function toApiKey({ hash, ...key }: ApiKeyRow): ApiKey {
  return key;
}
