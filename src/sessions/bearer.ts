import { AppError } from '../errors.ts';
import type { AccessTokens } from '../tokens/access-token.ts';
import { type AccessTokenClaims, TokenError } from '../tokens/verify.ts';
import type { RevocationFollower } from './follower.ts';
import type { RevocationSet } from './revocations.ts';

export interface BearerDependencies {
  readonly accessTokens: AccessTokens;
  readonly revocations: RevocationSet;
  readonly follower: Pick<RevocationFollower, 'isStale'>;
  /** Whether to answer 503 while nobody knows what has been revoked, or to go on without knowing. */
  readonly whenStale: 'refuse' | 'accept';
}

/**
 * Makes the check of a bearer token: its signature and claims, and that it has not been revoked. Asks no database.
 * The check throws AppError token_invalid, token_expired, token_revoked or revocations_stale.
 */
export function createBearerCheck({ accessTokens, revocations, follower, whenStale }: BearerDependencies) {
  return function check(token: string): AccessTokenClaims {
    const claims = verifyGenuine(accessTokens, token);
    if (revocations.isRevoked(claims)) throw new AppError('token_revoked');
    if (whenStale === 'refuse' && follower.isStale()) throw new AppError('revocations_stale');
    return claims;
  };
}

/** The claims of a token that is genuine and alive, whether or not it has been revoked. */
export function verifyGenuine(accessTokens: AccessTokens, token: string): AccessTokenClaims {
  try {
    return accessTokens.verify(token);
  } catch (error) {
    if (error instanceof TokenError) throw new AppError(error.code, error.message);
    throw error;
  }
}
