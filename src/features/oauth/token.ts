import type { RightsStore } from '../../core/sessions/ports.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { ClientCheck, ClientRequest } from './credentials.ts';
import { invalidClient, OAuthError } from './errors.ts';
import { demandParameter, demandWithin, readScope } from './form.ts';
import type { Machines } from './ports.ts';

export interface TokenEndpointDependencies {
  readonly machines: Machines;
  readonly checkClient: ClientCheck;
  readonly sessions: Pick<Sessions, 'refresh' | 'sessionOf'>;
  readonly rights: RightsStore;
}

/** What the token endpoint hands out. */
export interface Grant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Not for machines (RFC 6749 section 4.4.3). */
  readonly refreshToken?: string;
  readonly permissions: readonly string[];
}

export interface TokenRequest extends ClientRequest {
  /** Counts a refresh token for its session; throws AppError rate_limited. */
  readonly countRefresh: (refreshToken: string) => Promise<void>;
}

/** The values of `grant_type` that are known here. */
export const GRANT_TYPES = ['client_credentials', 'refresh_token'] as const;

/** POST /oauth/token without HTTP: one function, which grants or throws. */
export function createTokenEndpoint(dependencies: TokenEndpointDependencies) {
  const { machines, checkClient, sessions, rights } = dependencies;

  /** @throws OAuthError; AppError invalid_refresh_token, refresh_token_reused, rate_limited */
  return async function grant(request: TokenRequest): Promise<Grant> {
    const grantType = demandParameter(request.form, 'grant_type');
    if (grantType === 'client_credentials') return grantToClient(request);
    if (grantType === 'refresh_token') return grantToSession(request);
    const known = GRANT_TYPES.join(' and ');
    throw new OAuthError('unsupported_grant_type', `The grant types here are ${known}.`);
  };

  /** RFC 6749 section 4.4. */
  async function grantToClient(request: TokenRequest): Promise<Grant> {
    const client = await checkClient(request);
    if (client === undefined) throw invalidClient();
    const wanted = readScope(request.form) ?? client.permissions;
    demandWithin(wanted, client.permissions);
    const granted = await machines.issue(client, wanted, request.origin);
    if (granted === null) throw invalidClient();
    return granted;
  }

  /**
   * RFC 6749 section 6, by the rotation of POST /refresh. The refresh token is the credential, since it is good once;
   * a client that authenticates although it need not has to do so rightly.
   */
  async function grantToSession(request: TokenRequest): Promise<Grant> {
    await checkClient(request);
    const refreshToken = demandParameter(request.form, 'refresh_token');
    await request.countRefresh(refreshToken);
    const wanted = readScope(request.form);
    if (wanted !== undefined) await demandHeldBySession(refreshToken, wanted);
    return sessions.refresh(refreshToken, request.origin, wanted);
  }

  /**
   * Before the token is used up. One that is no good any more is left to the rotation, which refuses it and notices a
   * copy (RFC 9700 section 4.14.2): judged by its scope it would still tell what its user may do.
   */
  async function demandHeldBySession(refreshToken: string, wanted: readonly string[]): Promise<void> {
    const found = await sessions.sessionOf(refreshToken);
    if (!found?.isRefreshable) return;
    demandWithin(wanted, (await rights.rightsOf(found.session.userId)).permissions);
  }
}
