import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { Caller } from '../../core/principal.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { unlessRefused } from '../../http/authenticate.ts';
import type { ClientCheck, ClientRequest } from './credentials.ts';
import { invalidClient } from './errors.ts';
import { demandParameter } from './form.ts';
import type { Machine, Machines } from './ports.ts';

export interface RevocationDependencies {
  readonly machines: Machines;
  readonly checkClient: ClientCheck;
  readonly sessions: Pick<Sessions, 'end' | 'sessionOf'>;
  /** The claims of a genuine token, even of one that has been revoked. */
  readonly verifyGenuine: (token: string) => AccessTokenClaims;
  /** Whether this process knows that a genuine token is refused already. */
  readonly isRevoked: (claims: AccessTokenClaims) => boolean;
}

export interface RevocationRequest extends ClientRequest {
  /** Each counts the token for what it belongs to, and throws AppError rate_limited. */
  readonly countAccess: (jti: string) => Promise<void>;
  readonly countRefresh: (refreshToken: string) => Promise<void>;
}

/**
 * POST /oauth/revoke without HTTP (RFC 7009). A client revokes its own access tokens. Without a client the token is of a
 * user, and whoever has it may log out with it. What is unknown or belongs to somebody else stays as it is, and the
 * answer is the same.
 */
export function createRevocation(dependencies: RevocationDependencies) {
  const { machines, checkClient, sessions, verifyGenuine, isRevoked } = dependencies;

  /** @throws OAuthError invalid_request, invalid_client; AppError rate_limited */
  return async function revoke(request: RevocationRequest): Promise<void> {
    const token = demandParameter(request.form, 'token');
    const client = await checkClient(request);
    const claims = await unlessRefused(() => verifyGenuine(token));
    if (client !== undefined) await revokeForClient(client, claims, request);
    else if (claims !== undefined) await logOutByAccessToken(claims, request);
    else await logOutByRefreshToken(token, request);
  };

  async function revokeForClient(
    { id }: Machine,
    claims: AccessTokenClaims | undefined,
    request: RevocationRequest,
  ): Promise<void> {
    if (claims?.client_id !== id) return;
    await request.countAccess(claims.jti);
    // A second time is no error (RFC 7009 section 2.2), and nothing to write down.
    if (!isRevoked(claims)) await machines.revoke(id, claims.jti, request.origin);
  }

  async function logOutByAccessToken(claims: AccessTokenClaims, request: RevocationRequest): Promise<void> {
    // RFC 7009 section 2.1: a client with a secret has to show it.
    if (claims.client_id !== undefined) throw invalidClient();
    await request.countAccess(claims.jti);
    await logOut(claims.sub, claims.sid ?? '', request);
  }

  async function logOutByRefreshToken(token: string, request: RevocationRequest): Promise<void> {
    await request.countRefresh(token);
    const found = await sessions.sessionOf(token);
    if (found !== null) await logOut(found.session.userId, found.session.id, request);
  }

  async function logOut(userId: string, sessionId: string, { origin }: RevocationRequest): Promise<void> {
    const caller: Caller = { actor: { type: 'user', id: userId }, origin, sessionId };
    await sessions.end({ userId, id: sessionId }, 'logout', caller);
  }
}
