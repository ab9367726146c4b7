import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { AuthenticatedCookie, CookieSessions } from '../core/cookie-sessions/cookie-sessions.ts';
import { AppError } from '../core/errors.ts';
import type { AuthenticatedPrincipal } from '../core/principal.ts';
import { type Authenticate, readBearerToken } from './authenticate.ts';
import type { Cookies } from './cookies.ts';

export interface CredentialOptions {
  readonly authenticate: Authenticate;
  readonly cookies: Cookies;
  readonly cookieSessions: Pick<CookieSessions, 'authenticate' | 'csrfTokens'>;
}

/** The outcome of reading the credentials of a request. */
export interface Authenticated {
  readonly principal: AuthenticatedPrincipal;
  /** Its cookie, where that alone says who the caller is. */
  readonly cookie: AuthenticatedCookie | undefined;
}

/** The error for a page that may not use the cookie. It names the origin, which the page itself cannot see wrong. */
export function originNotAllowed({ headers: { origin } }: IncomingMessage): AppError {
  if (origin === undefined) return new AppError('origin_not_allowed');
  const shown = origin.slice(0, MAX_SHOWN_ORIGIN_LENGTH);
  return new AppError(
    'origin_not_allowed',
    `${shown} is neither the origin of this service nor one in CORS_ORIGINS.`,
  );
}

/** What decides whether a request could come from another site: its method, and the token that only a page of ours knows. */
export interface Intent {
  readonly method: string;
  /** Shows that the page has read the answer to its sign-in, or a form of this service. */
  readonly csrfToken: string;
}

export type Credentials = ReturnType<typeof createCredentials>;

const MAX_SHOWN_ORIGIN_LENGTH = 200;
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** Reads the credentials of requests: an access token or an API key in the Authorization header, and a cookie. */
export function createCredentials({ authenticate, cookies, cookieSessions }: CredentialOptions) {
  const { csrfTokens } = cookieSessions;

  /**
   * The caller of a request; undefined where it came without a credential. One that is there has to be good, and where
   * there are two, they have to be of one user. `canSetCookie` says whether the answer can renew the cookie in
   * the browser.
   * @throws AppError those of either credential, credentials_conflict
   */
  async function read(
    req: IncomingMessage,
    canSetCookie: boolean,
    cookieIds = cookies.sessionIds(req),
  ): Promise<Authenticated | undefined> {
    const token = readBearerToken(req);
    const principal = token === undefined ? undefined : await authenticate(token);
    if (cookieIds === undefined) return principal && { principal, cookie: undefined };
    const cookie = await cookieSessions.authenticate(cookieIds, canSetCookie);
    if (principal === undefined) return { principal: cookie.principal, cookie };
    if (principal.kind === 'client' || principal.userId !== cookie.principal.userId)
      throw new AppError('credentials_conflict');
    return { principal, cookie: undefined };
  }

  /**
   * Refuses a change that another site has a browser send with the cookie of its user (CSRF). `needsCsrfToken` is false
   * where a gateway asks: the page behind it has tokens of its own.
   * @throws AppError origin_not_allowed, csrf_token_invalid
   */
  function requireIntended(
    req: Request,
    { method, csrfToken }: Intent,
    cookieId: string,
    needsCsrfToken: boolean,
  ): void {
    if (SAFE_METHODS.includes(method)) return;
    if (!cookies.isFromAllowedPage(req)) throw originNotAllowed(req);
    if (needsCsrfToken && !csrfTokens.isOf(cookieId, csrfToken)) throw new AppError('csrf_token_invalid');
  }

  /**
   * The id in the cookie of a request that is to be logged out, also where its session has ended; undefined without one.
   * @throws AppError origin_not_allowed, csrf_token_invalid
   */
  function cookieToEnd(req: Request, intent: Intent): string | undefined {
    const cookieIds = cookies.sessionIds(req);
    if (cookieIds === undefined) return undefined;
    const cookieId = cookieIds.find((id) => csrfTokens.isOf(id, intent.csrfToken)) ?? '';
    requireIntended(req, intent, cookieId, cookieIds.length > 0);
    return cookieId;
  }

  return { read, requireIntended, cookieToEnd };
}
