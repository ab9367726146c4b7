import { permissionsIn } from '@latchkey/verifier/core';
import { v7 as uuidv7 } from 'uuid';
import { confirmGranter, confirmGranterAbove, requireHeldByName } from '../../core/access/grants.ts';
import type { ApiKey, NewApiKey } from '../../core/api-keys/api-key.ts';
import { hashOf, newKey, shownParts } from '../../core/api-keys/key.ts';
import { revocationOfKey } from '../../core/api-keys/revocation.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Caller, PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import type { Announce, Revocation } from '../../core/revocation/revocation.ts';
import type { CoreStore, CoreStores } from '../../core/stores.ts';
import type { SigningKey } from '../../core/tokens/keys.ts';
import { expiryProblems } from '../../core/values/expiry.ts';

export interface ApiKeyDependencies {
  readonly store: CoreStore;
  readonly announce: Announce;
  /** With which keys are made. */
  readonly secret: SigningKey;
  readonly clock: Clock;
}

/** The parameters of a new key. */
export interface KeyWish {
  readonly name: string;
  /** Permissions to narrow it to; null for all that its owner has at any time. */
  readonly scope: readonly string[] | null;
  readonly expiresAt: Date | null;
}

/** A user who has logged in. */
type Owner = PrincipalCaller<UserPrincipal>;

export type ApiKeys = ReturnType<typeof createApiKeys>;

const MAX_LIVE_KEYS = 50;
/** For how long revoked and expired keys are kept, so that they are still refused as such. */
const KEPT_DAYS = 30;

/** Keys that people make for their programs. */
export function createApiKeys({ store, announce, secret, clock }: ApiKeyDependencies) {
  const now = () => new Date(clock.now());

  /**
   * Makes a key, which is returned this once. Its expiry is to be checked before.
   * @throws AppError insufficient_scope, too_many_api_keys; token_revoked where the session has ended
   */
  async function create(wish: KeyWish, owner: Owner): Promise<{ apiKey: ApiKey; key: string }> {
    const createdAt = now();
    const key = newKey(secret);
    const id = uuidv7({ msecs: createdAt.getTime() });
    const scope = wish.scope === null ? null : wish.scope.join(' ');
    const made = { ...wish, id, userId: owner.principal.userId, ...shownParts(key), scope, createdAt };
    await insert({ ...made, hash: hashOf(key) }, owner);
    return { apiKey: { ...made, lastUsedAt: null, revokedAt: null }, key };
  }

  function insert(key: NewApiKey, owner: Owner): Promise<void> {
    const { id, name, scope, expiresAt, createdAt } = key;
    const details = { name, scope, expires_at: expiresAt?.toISOString() ?? null };
    return store.transaction(async (stores) => {
      const granter = await confirmGranter(stores, owner, createdAt);
      // Without a scope it gets all that its owner has, which a narrowed token does not hold.
      const all = granter.holdings.flatMap(({ permissions }) => permissions);
      requireHeldByName(granter, scope === null ? all : permissionsIn(scope));
      const outcome = await stores.apiKeys.insert(key, MAX_LIVE_KEYS);
      if (outcome === 'no_owner') throw new AppError('token_revoked');
      if (outcome === 'too_many') throw new AppError('too_many_api_keys');
      await stores.audit.append(entryOf('api_key.created', owner, id, details), createdAt);
    });
  }

  /** A user's live keys, the latest first. */
  function list(userId: string): Promise<ApiKey[]> {
    return store.apiKeys.listLive(userId, now());
  }

  /** The same for an administrator. @throws AppError user_not_found */
  async function listOf(userId: string): Promise<ApiKey[]> {
    if ((await store.users.findById(userId)) === null) throw new AppError('user_not_found');
    return list(userId);
  }

  /** @throws AppError api_key_not_found */
  async function get(userId: string, id: string): Promise<ApiKey> {
    const key = await store.apiKeys.findLive(userId, id, now());
    if (key === null) throw new AppError('api_key_not_found');
    return key;
  }

  /**
   * Revokes a key: here immediately, in every other process within a second.
   * @throws AppError api_key_not_found
   */
  async function remove(id: string, owner: Owner): Promise<void> {
    const { userId } = owner.principal;
    announce(await store.transaction((stores) => removeWithin(stores, userId, id, owner)));
  }

  /**
   * The same by an administrator who may do what the owner may.
   * @throws AppError user_not_found, api_key_not_found, insufficient_scope
   */
  async function removeOf(userId: string, id: string, admin: PrincipalCaller): Promise<void> {
    const revoked = await store.transaction(async (stores) => {
      await confirmGranterAbove(stores, admin, userId, now());
      return removeWithin(stores, userId, id, admin);
    });
    announce(revoked);
  }

  async function removeWithin(
    stores: CoreStores,
    userId: string,
    id: string,
    caller: Caller,
  ): Promise<Revocation[]> {
    const at = now();
    if (!(await stores.apiKeys.revoke(userId, id, at))) throw new AppError('api_key_not_found');
    const revoked = [revocationOfKey(id, at)];
    await stores.revocations.insert(revoked, at);
    await stores.audit.append(entryOf('api_key.deleted', caller, id), at);
    return revoked;
  }

  return {
    expiryProblems: (at: Date | null | undefined) => expiryProblems(at, now()),
    create,
    list,
    listOf,
    get,
    remove,
    removeOf,
  };
}

/** Removes keys that were revoked or expired long ago. */
export function forgetOldKeys({ apiKeys }: Pick<CoreStores, 'apiKeys'>, clock: Clock): Promise<void> {
  return apiKeys.prune(new Date(clock.now() - KEPT_DAYS * 86_400_000));
}
