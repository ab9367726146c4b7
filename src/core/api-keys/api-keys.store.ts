import { Op } from 'sequelize';
import { removeInPortions } from '../../db/portions.ts';
import type { ApiKeyRow } from '../../db/rows.ts';
import type { Scope } from '../../db/scope.ts';
import type { ApiKey, ApiKeyStore, NewApiKey } from './ports.ts';

/** Keys in the table `api_keys`. */
export function createApiKeyStore({ models, transaction, run, write }: Scope): ApiKeyStore {
  const { apiKeys, users } = models;

  async function insert(key: NewApiKey, maxLive: number): Promise<'inserted' | 'no_owner' | 'too_many'> {
    const { userId, createdAt } = key;
    // The lock on the owner makes those who add a key at the same time count one after another.
    const where = { id: userId, disabledAt: null };
    const lock = transaction !== null;
    const owner = await run(() => users.findOne({ where, attributes: ['id'], transaction, lock }));
    if (owner === null) return 'no_owner';
    const live = await run(() => apiKeys.count({ where: { userId, ...liveAt(createdAt) }, transaction }));
    if (live >= maxLive) return 'too_many';
    await write(() => apiKeys.create({ ...key, lastUsedAt: null, revokedAt: null }, { transaction }));
    return 'inserted';
  }

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

  async function findByHash(hash: string): Promise<ApiKey | null> {
    const row = await run(() => apiKeys.findOne({ where: { hash }, transaction }));
    return row === null ? null : toApiKey(row.get());
  }

  async function revoke(userId: string, id: string, at: Date): Promise<boolean> {
    const where = { userId, id, ...liveAt(at) };
    const [affected] = await write(() => apiKeys.update({ revokedAt: at }, { where, transaction }));
    return affected === 1;
  }

  async function recordUse(id: string, at: Date): Promise<void> {
    const where = { id, lastUsedAt: { [Op.or]: [null, { [Op.lt]: at }] } };
    await write(() => apiKeys.update({ lastUsedAt: at }, { where, transaction }));
  }

  async function ownedAmong(userId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const where = { userId, id: [...ids] };
    const rows = await run(() => apiKeys.findAll({ where, attributes: ['id'], transaction }));
    return new Set(rows.map((row) => row.get().id));
  }

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
