import { type AccessTokenClaims, demandUnrevoked, type RevocationSet } from '@latchkey/verifier/core';
import { AppError, asAppError } from '../errors.ts';
import type { RevocationFollower } from '../revocation/follower.ts';
import type { AccessTokens } from './access-token.ts';

/** Credentials of another kind that are taken in place of an access token. */
export interface KeyCheck {
  /** Whether a credential is meant to be one of these. */
  readonly isKey: (credential: string) => boolean;
  /**
   * The claims of a token that would be as good.
   * @throws AppError token_invalid, token_expired, token_revoked, database_unavailable
   */
  readonly claimsOf: (key: string) => Promise<AccessTokenClaims>;
}

export interface BearerDependencies {
  readonly accessTokens: AccessTokens;
  readonly apiKeys: KeyCheck;
  readonly revocations: RevocationSet;
  /** Throws while nobody knows what has been revoked. */
  readonly demandFresh: () => void;
  /** Told of each access token that is good. */
  readonly onUse?: (claims: AccessTokenClaims) => void;
}

/**
 * Whether to answer 503 while nobody knows what has been revoked, or to go on without knowing. The function that it makes
 * throws AppError revocations_stale.
 */
export function createFreshness(
  follower: Pick<RevocationFollower, 'isStale'>,
  whenStale: 'refuse' | 'accept',
): () => void {
  return () => {
    if (whenStale === 'refuse' && follower.isStale()) throw new AppError('revocations_stale');
  };
}

/**
 * Makes the check of a bearer token: its signature and claims, and that it has not been revoked. Asks no database, but
 * for an API key that this process does not know yet.
 * The check throws AppError token_invalid, token_expired, token_revoked or revocations_stale.
 */
export function createBearerCheck(dependencies: BearerDependencies) {
  const { accessTokens, apiKeys, revocations, demandFresh, onUse = () => {} } = dependencies;

  function check(credential: string): AccessTokenClaims | Promise<AccessTokenClaims> {
    if (apiKeys.isKey(credential)) return apiKeys.claimsOf(credential).then(fresh);
    const claims = verifyGenuine(accessTokens, credential);
    asAppError(() => demandUnrevoked(revocations, claims));
    fresh(claims);
    onUse(claims);
    return claims;
  }

  function fresh(claims: AccessTokenClaims): AccessTokenClaims {
    demandFresh();
    return claims;
  }

  return check;
}

/** The claims of a token that is genuine and alive, whether or not it has been revoked. */
export function verifyGenuine(accessTokens: AccessTokens, token: string): AccessTokenClaims {
  return asAppError(() => accessTokens.verify(token));
}
