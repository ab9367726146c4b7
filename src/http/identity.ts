import type { Request, Response } from 'express';
import type { CookieSessions } from '../core/cookie-sessions/cookie-sessions.ts';
import { AppError } from '../core/errors.ts';
import { tokenKeyOf } from '../core/limits/quota.ts';
import type { RequestPolicy } from '../core/limits/rate-limiter.ts';
import { type AuthenticatedPrincipal, callerOf, type PrincipalCaller } from '../core/principal.ts';
import type { StepUp } from '../core/sign-in/step-up.ts';
import type { Cookies } from './cookies.ts';
import { type Authenticated, type Credentials, type Intent, originNotAllowed } from './credentials.ts';
import { originOf } from './origin.ts';
import type { Limit } from './rate-limit.ts';
import { type BeginSignIn, createBeginSignIn, type SignInOptions } from './sign-in.ts';

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
   * it, unless the session `goesOn`.
   * @throws AppError origin_not_allowed, csrf_token_invalid
   */
  readonly takeCookie: (goesOn: boolean) => string | undefined;
  /** Has the browser forget the cookie of the session that the caller was authenticated by, once that has ended. */
  readonly forgetCookie: () => void;
  /** Has the browser remember that it asked for a sign-in link, if it would keep that. */
  readonly rememberLink: (id: string, maxAgeSeconds: number) => void;
  /** Whether this browser has asked for a sign-in link. */
  readonly remembersLink: (id: string) => boolean;
  /**
   * Gives this browser a name by a cookie, so that something can be bound to it.
   * @throws AppError cookie_not_settable
   */
  readonly nameBrowser: () => string;
  /** The name that this browser was given, if any. */
  readonly browserId: () => string | undefined;
  /**
   * Keeps a value in the browser while something is pending, such as a sign-in at a provider: it comes along when another
   * site leads the browser back. Where the id begins with `OF_USER`, the browser forgets it when someone signs in or out.
   * @throws AppError cookie_not_settable
   */
  readonly keepPending: (id: string, value: string, maxAgeSeconds: number) => void;
  /** The value that was kept under an id; undefined without one. */
  readonly pending: (id: string) => string | undefined;
  /** The same, which the browser then forgets. */
  readonly takePending: (id: string) => string | undefined;
  /**
   * Requires that a form comes from a page of this service, where it comes from a browser that tells.
   * @throws AppError origin_not_allowed
   */
  readonly requireOwnPage: () => void;
  /**
   * A token for the forms of a page: that of the session whose cookie has been authenticated, or else one of the browser, which
   * is given a name.
   * @throws AppError cookie_not_settable
   */
  readonly formToken: () => string;
  /**
   * Requires that a form was shown to this browser by a page of this service.
   * @throws AppError origin_not_allowed, csrf_token_invalid
   */
  readonly requireOwnForm: (token: string) => void;
  /** The ids in the cookies that the request came with, which nothing but their signature has proved. */
  readonly cookieIds: () => readonly string[];
  /** Whether the browser may have a session all the same: it sends no strict cookie where another site has led here. */
  readonly isCookieWithheld: () => boolean;
}

export interface IdentityOptions extends SignInOptions {
  readonly cookieSessions: SignInOptions['cookieSessions'] & Pick<CookieSessions, 'csrfTokens'>;
  readonly credentials: Credentials;
  readonly cookies: Cookies;
  readonly requireStepUp: StepUp['require'];
  readonly limit: Limit;
}

/** The identity behind one request, for all that it does. */
export interface Identities {
  readonly for: (intent: Intent) => Identity;
  /** After a change, the credentials of the request may mean something else. */
  readonly forget: () => void;
}

/** The identity behind a request, by the credentials of the service. */
export function identitiesOf(req: Request, res: Response, options: IdentityOptions): Identities {
  const { credentials, cookies, cookieSessions, limit } = options;
  const { csrfTokens } = cookieSessions;
  const isForGateway = req.mounted?.method === 'ANY';
  let reading: Promise<Authenticated | undefined> | undefined;
  let authenticated: Authenticated | undefined;
  /** The cookie that this very answer sets, in place of the one that the request came with. */
  let signedInBy: string | undefined;
  /** Rejected where that is over the limit: then nothing that the request performs is let through. */
  let counted: Promise<void> | undefined;

  /** Once, whatever the request performs. */
  async function readCredentials(): Promise<Authenticated> {
    reading ??= credentials.read(req, !isForGateway, signedInBy === undefined ? undefined : [signedInBy]);
    try {
      authenticated = await reading;
    } catch (error) {
      // A browser whose session has ended should not go on sending its cookie; a gateway would not pass that on.
      if (error instanceof AppError && error.code === 'session_ended' && !isForGateway)
        cookies.clearSession(req, res);
      throw error;
    }
    if (authenticated === undefined) throw new AppError('token_missing');
    return authenticated;
  }

  async function authenticate(
    intent: Intent,
    { forEnrolment = false } = {},
  ): Promise<PrincipalCaller<AuthenticatedPrincipal>> {
    // Looked at already on the way here.
    if (req.credentialError !== undefined) throw req.credentialError;
    const { principal, cookie } = await readCredentials();
    if (cookie !== undefined) {
      credentials.requireIntended(req, intent, cookie.cookieId, !isForGateway);
      if (cookie.isRenewed && counted === undefined) cookies.setSession(req, res, cookie);
    }
    counted ??= limit(res, ...limitOf(principal));
    await counted;
    if (principal.kind === 'user' && principal.isEnrolling && !forEnrolment)
      throw new AppError('factor_enrolment_required');
    return callerOf(principal, originOf(req));
  }

  function requireOwnPage(): void {
    // Forms of other sites say so in all browsers of the last years (Fetch Metadata).
    if ((req.headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin') throw originNotAllowed(req);
  }

  return {
    for: (intent) => ({
      authenticate: (asked) => authenticate(intent, asked),
      requireStepUp: options.requireStepUp,
      cookie() {
        if (authenticated?.cookie === undefined) throw new AppError('cookie_required');
        const { cookieId, expiresAt } = authenticated.cookie;
        return { csrfToken: csrfTokens.of(cookieId), expiresAt };
      },
      beginSignIn: createBeginSignIn(req, res, options, ({ cookieId }) => {
        signedInBy = cookieId;
        // It may have been kept for someone else.
        cookies.clearPendingOfUser(req, res);
      }),
      takeCookie(goesOn) {
        const cookieId = credentials.cookieToEnd(req, intent);
        if (cookieId !== undefined && !goesOn) cookies.clearSession(req, res);
        return cookieId;
      },
      forgetCookie() {
        if (authenticated?.cookie !== undefined) cookies.clearSession(req, res);
      },
      rememberLink: (id, maxAgeSeconds) => cookies.rememberLink(req, res, id, maxAgeSeconds),
      remembersLink: (id) => cookies.linkIds(req).includes(id),
      nameBrowser: () => cookies.nameBrowser(req, res),
      browserId: () => cookies.browserId(req),
      keepPending: (id, value, maxAgeSeconds) => cookies.setPending(req, res, id, { value, maxAgeSeconds }),
      pending: (id) => cookies.pending(req, id),
      takePending(id) {
        const value = cookies.pending(req, id);
        if (value !== undefined) cookies.clearPending(req, res, id);
        return value;
      },
      requireOwnPage,
      formToken: () => csrfTokens.of(authenticated?.cookie?.cookieId ?? cookies.nameBrowser(req, res)),
      requireOwnForm(token) {
        requireOwnPage();
        if (cookies.isFromAllowedPage(req) === false) throw originNotAllowed(req);
        const bound = [cookies.browserId(req) ?? [], cookies.sessionIds(req) ?? []].flat();
        if (!bound.some((id) => csrfTokens.isOf(id, token))) throw new AppError('csrf_token_invalid');
      },
      cookieIds: () => cookies.sessionIds(req) ?? [],
      isCookieWithheld: () => cookies.mayBeWithheld(req),
    }),
    forget() {
      reading = undefined;
    },
  };
}

/** The policy that counts the requests of a credential, and the key. */
export function limitOf(principal: AuthenticatedPrincipal): [policy: RequestPolicy, key: string] {
  return principal.kind === 'api_key'
    ? ['api-key', principal.keyId]
    : ['token', tokenKeyOf(principal.claims)];
}
