import {
  type AccessTokenClaims,
  assertUnrevoked,
  permissionsIn,
  type RevocationSet,
} from '@latchkey/verifier/core';
import { AppError, asAppError } from '../errors.ts';
import {
  type ApiKeyPrincipal,
  type AuthenticatedPrincipal,
  authenticationIn,
  type ClientPrincipal,
  type UserPrincipal,
} from '../principal.ts';
import type { RevocationFollower } from '../revocation/follower.ts';
import { isForEnrolment } from './access-token.ts';

export interface AuthenticationDependencies {
  /** @throws AppError token_invalid, token_expired */
  readonly verifyToken: (token: string) => AccessTokenClaims;
  readonly apiKeys: {
    /** Whether a credential is meant to be a key. */
    readonly isKey: (credential: string) => boolean;
    /** @throws AppError token_invalid, token_expired, token_revoked, database_unavailable */
    readonly authenticate: (key: string) => Promise<ApiKeyPrincipal>;
  };
  readonly revocations: RevocationSet;
  /** @throws AppError revocations_stale */
  readonly requireFresh: () => void;
}

/**
 * Whether to answer 503 while it is not known what has been revoked, or to go on without knowing. The function that it
 * makes throws AppError revocations_stale.
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
 * Makes the function that every credential goes through: it returns the principal of a valid access token or API key,
 * and does not query the database except for a key that this process does not know yet. It throws AppError
 * token_invalid, token_expired, token_revoked, revocations_stale or database_unavailable.
 */
export function createAuthenticate(dependencies: AuthenticationDependencies) {
  const { verifyToken, apiKeys, revocations, requireFresh } = dependencies;

  function authenticate(credential: string): AuthenticatedPrincipal | Promise<AuthenticatedPrincipal> {
    if (apiKeys.isKey(credential)) return authenticateKey(credential);
    const claims = verifyToken(credential);
    asAppError(() => assertUnrevoked(revocations, claims));
    requireFresh();
    return principalOf(claims);
  }

  /**
   * The user whose live session an access token is of; undefined for any other credential. Does not query the database.
   * @throws AppError as `authenticate`
   */
  async function userInSession(token: string | undefined): Promise<string | undefined> {
    if (token === undefined || apiKeys.isKey(token)) return undefined;
    const principal = await authenticate(token);
    return principal.kind === 'user' && principal.sessionId !== null ? principal.userId : undefined;
  }

  async function authenticateKey(key: string): Promise<ApiKeyPrincipal> {
    const principal = await apiKeys.authenticate(key);
    requireFresh();
    return principal;
  }

  return { authenticate, userInSession };
}

/** The verifier gives the same claims each time a token is used, for as long as it remembers the token. */
const principals = new WeakMap<AccessTokenClaims, UserPrincipal | ClientPrincipal>();

/** The subject of an access token. */
export function principalOf(claims: AccessTokenClaims): UserPrincipal | ClientPrincipal {
  const known = principals.get(claims);
  if (known !== undefined) return known;
  const principal = toPrincipal(claims);
  principals.set(claims, principal);
  return principal;
}

function toPrincipal(claims: AccessTokenClaims): UserPrincipal | ClientPrincipal {
  const { client_id, roles, scope } = claims;
  if (client_id === undefined) return userPrincipal(claims, 'bearer');
  const permissions = permissionsIn(scope);
  return { kind: 'client', credential: 'bearer', clientId: client_id, claims, roles, permissions };
}

/** The user of a session, by the claims of its access token, or those that it would have. */
export function userPrincipal(
  claims: AccessTokenClaims,
  credential: UserPrincipal['credential'],
): UserPrincipal {
  const { sub, sid, roles, scope } = claims;
  return {
    kind: 'user',
    credential,
    userId: sub,
    sessionId: sid ?? null,
    authentication: authenticationIn(claims),
    isEnrolling: isForEnrolment(claims),
    claims,
    roles,
    permissions: permissionsIn(scope),
  };
}
