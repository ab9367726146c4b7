import type { AccessTokenClaims, RevocationSet } from '@latchkey/verifier/core';
import type { Rights } from '../access/rights.store.ts';
import type { Clock } from '../clock.ts';
import { AppError, isTokenError } from '../errors.ts';
import type { ApiKeyPrincipal } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { ApiKey } from './api-key.ts';
import { hashOf, isKey, isTagged, isWellFormed } from './key.ts';
import { CACHE_SECONDS, createKnownKeys, type KnownKey } from './known-keys.ts';
import { createLookUpLimit } from './look-ups.ts';

export interface ApiKeyCheckOptions {
  readonly store: Pick<CoreStores, 'apiKeys' | 'rights'>;
  readonly revocations: RevocationSet;
  readonly clock: Clock;
  /** With which keys are made, or were. */
  readonly secrets: readonly SigningKey[];
  readonly issuer: string;
  readonly audience: string;
  /** Called with the id of each key that passed. */
  readonly onUse?: (id: string) => void;
}

export type ApiKeyCheck = ReturnType<typeof createApiKeyCheck>;

/** A row may have changed while it was read; a second change right after is taken for an error. */
const MAX_READS = 2;

/**
 * Checks API keys. Most requests do not query the database: what is known of a key is kept for CACHE_SECONDS, and what
 * is revoked meanwhile comes through the revocation set. Where its owner's rights have changed the key is read again
 * and goes on with the new ones.
 */
export function createApiKeyCheck(options: ApiKeyCheckOptions) {
  const { store, revocations, clock, secrets, issuer, audience, onUse = () => {} } = options;
  const known = createKnownKeys(clock);
  const limitLookUps = createLookUpLimit();
  const inFlight = new Map<string, Promise<KnownKey>>();

  /**
   * The principal of a key, which counts as a use of it.
   * @throws AppError token_invalid, token_expired, token_revoked, database_unavailable
   */
  async function authenticate(key: string): Promise<ApiKeyPrincipal> {
    const { principal } = await requireValid(key);
    onUse(principal.keyId);
    return principal;
  }

  /** The principal of a key that is valid at present, else null. It does not count as a use. */
  async function inspect(key: string): Promise<ApiKeyPrincipal | null> {
    try {
      return (await requireValid(key)).principal;
    } catch (error) {
      if (error instanceof AppError && isTokenError(error.code)) return null;
      throw error;
    }
  }

  async function requireValid(key: string): Promise<KnownKey> {
    if (!isWellFormed(key)) throw invalid('It is mistyped or not complete.');
    const hash = hashOf(key);
    const remembered = known.get(hash);
    const found = isStillTrue(remembered) ? remembered : await readOnce(key, hash, remembered !== undefined);
    if (found.isRevoked) throw new AppError('token_revoked', 'The API key has been revoked.');
    if (found.expiresAt !== null && clock.now() >= found.expiresAt.getTime()) throw expired(found.expiresAt);
    return found;
  }

  function isStillTrue(remembered: KnownKey | undefined): remembered is KnownKey {
    return remembered !== undefined && (remembered.isRevoked || !revocations.isRevoked(remembered.from));
  }

  /** Concurrent requests with one key that is not known here query the database once. */
  function readOnce(key: string, hash: string, wasKnown: boolean): Promise<KnownKey> {
    const begun = inFlight.get(hash);
    if (begun !== undefined) return begun;
    const look = () => read(hash, wasKnown);
    // A flood of made-up keys must not hold up those that are known to be real.
    const isReal = known.hasSeen(hash) || isTagged(key, secrets);
    const reading = (isReal ? look() : limitLookUps(look)).finally(() => inFlight.delete(hash));
    inFlight.set(hash, reading);
    return reading;
  }

  async function read(hash: string, wasKnown: boolean): Promise<KnownKey> {
    for (let reads = 0; reads < MAX_READS; reads++) {
      const [now, readAt] = [clock.now(), clock.monotonic()];
      const key = await store.apiKeys.findByHash(hash);
      if (key === null) throw wasKnown ? ownerGone() : invalid('It is not known here.');
      // One statement reads whether they may do anything and what, so that neither is older than the other.
      const rights = await store.rights.rightsOf(key.userId);
      if (!rights.isActive) throw ownerGone();
      const principal = principalFrom(key, rights, now);
      const from = { ...principal.claims, roles: rights.roles, rv: rights.versions };
      const isRevoked = key.revokedAt !== null;
      const found = { principal, from, expiresAt: key.expiresAt, isRevoked };
      if (isRevoked || !revocations.isRevoked(from)) return known.keep(hash, found, readAt);
    }
    throw new AppError('token_revoked', 'The API key has been revoked.');
  }

  /** A role stands for all that it may do, so a key that may do less has none. */
  function principalFrom(
    { id, userId, scope, expiresAt }: ApiKey,
    rights: Rights,
    nowMilliseconds: number,
  ): ApiKeyPrincipal {
    const wanted = scope?.split(' ');
    const isNarrowed = wanted !== undefined;
    const roles = isNarrowed ? [] : rights.roles;
    const permissions = rights.permissions.filter((permission) => wanted?.includes(permission) ?? true);
    const iat = Math.floor(nowMilliseconds / 1000);
    const claims: AccessTokenClaims = {
      iss: issuer,
      aud: audience,
      sub: userId,
      api_key_id: id,
      iat,
      exp: expiresAt === null ? iat + CACHE_SECONDS : Math.floor(expiresAt.getTime() / 1000),
      jti: id,
      roles,
      scope: permissions.join(' '),
      rv: isNarrowed ? rights.versions.slice(0, 1) : rights.versions,
    };
    return { kind: 'api_key', credential: 'api_key', userId, keyId: id, roles, permissions, claims };
  }

  return { isKey, authenticate, inspect };
}

function invalid(reason: string): AppError {
  return new AppError('token_invalid', `The API key is not valid. ${reason}`);
}

function expired(at: Date): AppError {
  return new AppError('token_expired', `The API key expired at ${at.toISOString()}.`);
}

function ownerGone(): AppError {
  return new AppError('token_revoked', 'The account of this API key was deleted or disabled.');
}
