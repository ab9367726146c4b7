import type { Core } from '../../core/core.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import { countRefresh } from '../../core/sessions/count-refresh.ts';
import type { RefreshTokenContent } from '../../core/sessions/refresh-token.ts';
import type { ClientAuthentication, ClientRequest } from './client-authentication.ts';
import { invalidClient, OAuthError } from './errors.ts';
import { assertWithin, readScope, requireParameter } from './form.ts';

/** The answer of the token endpoint. */
export interface Grant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Not for clients (RFC 6749 section 4.4.3). */
  readonly refreshToken?: string;
  readonly permissions: readonly string[];
}

export interface TokenRequest extends ClientRequest {
  readonly count: Count;
}

/** The values of `grant_type` that are known here. */
export const GRANT_TYPES = ['client_credentials', 'refresh_token'] as const;

export type GrantTokens = ReturnType<typeof createGrantTokens>;

/** POST /oauth/token without HTTP: one function, which grants or throws. */
export function createGrantTokens(
  { clientTokens, sessions, store }: Pick<Core, 'clientTokens' | 'sessions' | 'store'>,
  { authenticate }: Pick<ClientAuthentication, 'authenticate'>,
) {
  /** @throws OAuthError; AppError invalid_refresh_token, refresh_token_reused, rate_limited */
  return async function grantTokens(request: TokenRequest): Promise<Grant> {
    const grantType = requireParameter(request.form, 'grant_type');
    if (grantType === 'client_credentials') return grantToClient(request);
    if (grantType === 'refresh_token') return grantToSession(request);
    const known = GRANT_TYPES.join(' and ');
    throw new OAuthError('unsupported_grant_type', `The grant types here are ${known}.`);
  };

  /** RFC 6749 section 4.4. */
  async function grantToClient(request: TokenRequest): Promise<Grant> {
    const client = await authenticate(request);
    if (client === undefined) throw invalidClient();
    const wanted = readScope(request.form) ?? client.permissions;
    assertWithin(wanted, client.permissions);
    const granted = await clientTokens.issue(client, wanted, request.origin);
    if (granted === null) throw invalidClient();
    return granted;
  }

  /**
   * RFC 6749 section 6, by the rotation of POST /refresh. The refresh token is the credential, since it is single use;
   * a client that authenticates although it need not has to do so correctly.
   */
  async function grantToSession(request: TokenRequest): Promise<Grant> {
    await authenticate(request);
    const refreshToken = sessions.readRefreshToken(requireParameter(request.form, 'refresh_token'));
    await countRefresh(refreshToken, request.count);
    const wanted = readScope(request.form);
    if (wanted !== undefined) await assertHeldBySession(refreshToken, wanted);
    return sessions.refresh(refreshToken, request.origin, wanted);
  }

  /**
   * Before the token is used up. One that is no longer valid is left to the rotation, which refuses it and notices a
   * copy (RFC 9700 section 4.14.2): judged by its scope it would still reveal what its user may do.
   */
  async function assertHeldBySession(
    refreshToken: RefreshTokenContent | null,
    wanted: readonly string[],
  ): Promise<void> {
    const found = await sessions.sessionOf(refreshToken);
    if (!found?.isRefreshable) return;
    assertWithin(wanted, (await store.rights.rightsOf(found.session.userId)).permissions);
  }
}
