import { Op } from 'sequelize';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
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

type ApiKeyRow = RowOf<typeof API_KEYS>;

export type ApiKeyStore = ReturnType<typeof createApiKeyStore>;

/** Keys, in the table `api_keys`. A key is live as long as it is neither revoked nor expired. */
export function createApiKeyStore({ open, transaction, run, write }: Scope) {
  const apiKeys = open(API_KEYS);
  const users = open(USERS);

  /**
   * To be called in a transaction, in which the owner's keys are counted and locked against another addition.
   * `no_owner` where no active user has that id, `too_many` where there are `maxLive` live keys.
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
    return 'inserted';
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

  return { insert, listLive, findLive, findByHash, revoke, recordUse, ownedAmong, prune };
}

function liveAt(at: Date) {
  return { revokedAt: null, expiresAt: { [Op.or]: [null, { [Op.gt]: at }] } };
}

function toApiKey({ hash, ...key }: ApiKeyRow): ApiKey {
  return key;
}
