import type { Request, Response } from 'express';
import type { CookieSessions } from '../core/cookie-sessions/cookie-sessions.ts';
import { AppError } from '../core/errors.ts';
import { tokenKeyOf } from '../core/limits/quota.ts';
import type { Count, RequestPolicy } from '../core/limits/rate-limiter.ts';
import {
  type AuthenticatedPrincipal,
  callerOf,
  type PrincipalCaller,
  type RequestOrigin,
} from '../core/principal.ts';
import type { StepUp } from '../core/sign-in/step-up.ts';
import { readBearerToken } from './authenticate.ts';
import type { Cookies } from './cookies.ts';
import { type Authenticated, type Credentials, originNotAllowed } from './credentials.ts';
import { originOf } from './origin.ts';
import type { Limit } from './rate-limit.ts';
import { type BeginSignIn, createBeginSignIn, type SignInOptions } from './sign-in.ts';
import { abortSignalOf } from './when-over.ts';

/**
 * The parts of a request and its answer that a handler may use in addition to its parsed values. Handlers never see
 * `req` and `res`.
 */
export interface Exchange extends Identity {
  readonly origin: RequestOrigin;
  /** The Authorization headers, as they were sent. */
  readonly authorization: readonly string[];
  /** @throws AppError invalid_request where there are two or a malformed one */
  readonly bearerToken: () => string | undefined;
  /**
   * Counts the request against a limit, and shows in the answer what is left of it.
   * @throws AppError rate_limited
   */
  readonly count: Count;
  /** Whether the client asks for a page: a browser names HTML, and other clients that take anything get JSON. */
  readonly prefersHtml: () => boolean;
  /** Aborted when the request is over, so that nothing is done any more for a client that has gone. */
  readonly signal: () => AbortSignal;
}

/** What a handler can ask about the caller of a request, and how it signs them in and out. */
export interface Identity {
  /**
   * The caller whose access token, API key or cookie came along. It counts against the limit of that credential. A session
   * that can only set a second factor up is refused, unless this is `forEnrolment`.
   * @throws AppError CREDENTIAL_ERRORS
   */
  readonly authenticate: (options?: {
    readonly forEnrolment?: boolean;
  }) => Promise<PrincipalCaller<AuthenticatedPrincipal>>;
  /**
   * Requires that a user has authenticated recently, and by two factors if they have two.
   * @throws AppError insufficient_user_authentication, token_revoked
   */
  readonly requireStepUp: StepUp['require'];
  /** The session by whose cookie the caller was authenticated. */
  readonly cookie: () => { readonly csrfToken: string; readonly expiresAt: Date };
  /** Begins a sign-in, whose answer gives the client what it asks for: tokens in the body, or a cookie. */
  readonly beginSignIn: BeginSignIn;
  /**
   * The id in the cookie that the request came with, also where its session has ended. The answer makes the browser forget
   * it if that is wanted.
   * @throws AppError origin_not_allowed, csrf_token_invalid
   */
  readonly takeCookie: (wanted: { readonly isForgotten: boolean }) => string | undefined;
  /** Has the browser remember that it asked for a sign-in link, if it would keep that. */
  readonly rememberLink: (id: string, maxAgeSeconds: number) => void;
  /** Whether this browser has asked for a sign-in link. */
  readonly remembersLink: (id: string) => boolean;
  /**
   * Gives this browser a name by a cookie, so that something can be bound to it.
   * @throws AppError cookie_not_settable
   */
  readonly nameBrowser: (maxAgeSeconds: number) => string;
  /** The name that this browser was given, if any. */
  readonly browserId: () => string | undefined;
  /**
   * Keeps a value in the browser while something is pending, such as a sign-in at a provider: it comes along when another
   * site leads the browser back.
   * @throws AppError cookie_not_settable
   */
  readonly keepPending: (id: string, value: string, maxAgeSeconds: number) => void;
  /** The value that was kept under an id, which the browser then forgets; undefined without one. */
  readonly takePending: (id: string) => string | undefined;
  /**
   * Requires that a form comes from a page of this service, where it comes from a browser that tells.
   * @throws AppError origin_not_allowed
   */
  readonly requireOwnPage: () => void;
  /** The ids in the cookies that the request came with, which nothing but their signature has proved. */
  readonly cookieIds: () => readonly string[];
}

export interface IdentityOptions extends SignInOptions {
  readonly cookieSessions: SignInOptions['cookieSessions'] & Pick<CookieSessions, 'csrfTokens'>;
  readonly credentials: Credentials;
  readonly cookies: Cookies;
  readonly requireStepUp: StepUp['require'];
  readonly limit: Limit;
}

export function exchangeOf(req: Request, res: Response, limit: Limit, identity: Identity): Exchange {
  return {
    ...identity,
    get origin() {
      return originOf(req);
    },
    get authorization() {
      return req.headersDistinct.authorization ?? [];
    },
    bearerToken: () => readBearerToken(req),
    count: (policy, key) => limit(res, policy, key),
    prefersHtml: () => req.accepts(['json', 'html']) === 'html',
    signal: () => abortSignalOf(res),
  };
}

/** The identity behind a request, by the credentials of the service. */
export function identityOf(req: Request, res: Response, options: IdentityOptions): Identity {
  const { credentials, cookies, cookieSessions, limit } = options;
  const isForGateway = req.mounted?.method === 'ANY';
  let authenticated: Authenticated | undefined;

  async function authenticate({
    forEnrolment = false,
  } = {}): Promise<PrincipalCaller<AuthenticatedPrincipal>> {
    // Looked at already on the way here.
    if (req.credentialError !== undefined) throw req.credentialError;
    try {
      authenticated = await credentials.read(req, !isForGateway);
    } catch (error) {
      throw withForgottenCookie(error);
    }
    if (authenticated === undefined) throw new AppError('token_missing');
    const { principal, cookie } = authenticated;
    if (cookie !== undefined) {
      credentials.requireIntended(req, cookie.cookieId, !isForGateway);
      if (cookie.isRenewed) cookies.setSession(req, res, cookie);
    }
    await limit(res, ...limitOf(principal));
    if (principal.kind === 'user' && principal.isEnrolling && !forEnrolment)
      throw new AppError('factor_enrolment_required');
    return callerOf(principal, originOf(req));
  }

  /** A browser whose session has ended should not go on sending its cookie; a gateway would not pass that on. */
  function withForgottenCookie(error: unknown): unknown {
    if (isForGateway || !(error instanceof AppError && error.code === 'session_ended')) return error;
    return new AppError(error.code, error.detail, { headers: cookies.clearingHeaders(req) });
  }

  return {
    authenticate,
    requireStepUp: options.requireStepUp,
    cookie() {
      if (authenticated?.cookie === undefined) throw new AppError('cookie_required');
      const { cookieId, expiresAt } = authenticated.cookie;
      return { csrfToken: cookieSessions.csrfTokens.of(cookieId), expiresAt };
    },
    beginSignIn: createBeginSignIn(req, res, options),
    takeCookie({ isForgotten }) {
      const cookieId = credentials.cookieToEnd(req);
      if (isForgotten && cookieId !== undefined) res.set(cookies.clearingHeaders(req));
      return cookieId;
    },
    rememberLink: (id, maxAgeSeconds) => cookies.rememberLink(req, res, id, maxAgeSeconds),
    remembersLink: (id) => cookies.linkIds(req).includes(id),
    nameBrowser: (maxAgeSeconds) => cookies.nameBrowser(req, res, maxAgeSeconds),
    browserId: () => cookies.browserId(req),
    keepPending: (id, value, maxAgeSeconds) => cookies.setPending(req, res, id, { value, maxAgeSeconds }),
    takePending(id) {
      const value = cookies.pending(req, id);
      if (value !== undefined) cookies.clearPending(req, res, id);
      return value;
    },
    requireOwnPage() {
      // Forms of other sites say so in all browsers of the last years (Fetch Metadata).
      if ((req.headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin') throw originNotAllowed(req);
    },
    cookieIds: () => cookies.sessionIds(req) ?? [],
  };
}

/** The policy that counts the requests of a credential, and the key. */
export function limitOf(principal: AuthenticatedPrincipal): [policy: RequestPolicy, key: string] {
  return principal.kind === 'api_key'
    ? ['api-key', principal.keyId]
    : ['token', tokenKeyOf(principal.claims)];
}
