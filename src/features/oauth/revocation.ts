import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { ProvenClient } from '../../core/clients/client-tokens.ts';
import type { Core } from '../../core/core.ts';
import { tokenKeyOf } from '../../core/limits/quota.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import { userCaller } from '../../core/principal.ts';
import { countRefresh } from '../../core/sessions/count-refresh.ts';
import { unlessRefused } from '../../http/authenticate.ts';
import type { ClientAuthentication, ClientRequest } from './client-authentication.ts';
import { invalidClient } from './errors.ts';
import { requireParameter } from './form.ts';

export interface RevocationRequest extends ClientRequest {
  readonly count: Count;
}

export type Revoke = ReturnType<typeof createRevoke>;

/**
 * POST /oauth/revoke without HTTP (RFC 7009). A client revokes its own access tokens. Without a client the token is a
 * user's, and is enough to log out with. An unknown token, or another client's, stays as it is, with the same answer.
 */
export function createRevoke(
  core: Pick<Core, 'clientTokens' | 'sessions' | 'verifyToken' | 'revocations'>,
  { authenticate }: Pick<ClientAuthentication, 'authenticate'>,
) {
  const { clientTokens, sessions, verifyToken, revocations } = core;

  /** @throws OAuthError invalid_request, invalid_client; AppError rate_limited */
  return async function revoke(request: RevocationRequest): Promise<void> {
    const token = requireParameter(request.form, 'token');
    const client = await authenticate(request);
    const claims = await unlessRefused(() => verifyToken(token));
    if (client !== undefined) await revokeForClient(client, claims, request);
    else if (claims !== undefined) await logOutByAccessToken(claims, request);
    else await logOutByRefreshToken(token, request);
  };

  async function revokeForClient(
    { id }: ProvenClient,
    claims: AccessTokenClaims | undefined,
    request: RevocationRequest,
  ): Promise<void> {
    if (claims?.client_id !== id) return;
    await request.count('token', tokenKeyOf(claims));
    // A second time is not an error (RFC 7009 section 2.2), and not recorded again.
    if (!revocations.isRevoked(claims)) await clientTokens.revoke(id, claims.jti, request.origin);
  }

  async function logOutByAccessToken(claims: AccessTokenClaims, request: RevocationRequest): Promise<void> {
    // RFC 7009 section 2.1: a client with a secret has to show it.
    if (claims.client_id !== undefined) throw invalidClient();
    await request.count('token', tokenKeyOf(claims));
    await logOut(claims.sub, claims.sid ?? '', request);
  }

  async function logOutByRefreshToken(text: string, request: RevocationRequest): Promise<void> {
    const token = sessions.readRefreshToken(text);
    await countRefresh(token, request.count);
    const found = await sessions.sessionOf(token);
    if (found !== null) await logOut(found.session.userId, found.session.id, request);
  }

  async function logOut(userId: string, id: string, { origin }: RevocationRequest): Promise<void> {
    await sessions.end({ userId, id }, 'logout', userCaller(userId, origin, id));
  }
}
