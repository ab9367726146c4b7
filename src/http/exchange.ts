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
import type { Answer } from './answer.ts';
import { readBearerToken } from './authenticate.ts';
import type { Body } from './body.ts';
import type { Cookies } from './cookies.ts';
import { type Authenticated, type Credentials, type Intent, originNotAllowed } from './credentials.ts';
import { originOf } from './origin.ts';
import { prefersHtml } from './problem.ts';
import { type Limit, showQuota } from './rate-limit.ts';
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
  /**
   * The answer of a route of the API, by its id, as if the client had called it: through the same guards, and with the same
   * cookies and limits. A form of a page does by it what it is for, and gives its token where the route asks for one.
   * @throws AppError what the route refuses with, not_found where the configuration has closed it
   */
  readonly perform: (id: string, input?: PerformInput) => Promise<Answer>;
}

export interface PerformInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly csrfToken?: string;
}

/** What a request has for a route, before the route parses it. */
export interface RouteInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: (body: Body) => Promise<unknown>;
}

/**
 * Runs another route for the same request, by its id, and says whether it may have changed something.
 * @throws AppError not_found where the configuration has closed it
 */
export type RunRoute = (
  id: string,
  input: RouteInput,
  exchangeFor: (method: string) => Exchange,
) => Promise<{ readonly answer: Answer; readonly isChange: boolean }>;

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
   * site leads the browser back.
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

export interface ExchangeOptions {
  readonly limit: Limit;
  readonly identities: Identities;
  readonly run: RunRoute;
}

/** The parts of a request for its route, and for the routes that this one performs. */
export function exchangeOf(
  req: Request,
  res: Response,
  { limit, identities, run }: ExchangeOptions,
): Exchange {
  const exchangeFor = (intent: Intent): Exchange => ({
    ...identities.for(intent),
    get origin() {
      return originOf(req);
    },
    get authorization() {
      return req.headersDistinct.authorization ?? [];
    },
    bearerToken: () => readBearerToken(req),
    count: (policy, key) => limit(res, policy, key),
    prefersHtml: () => prefersHtml(req),
    signal: () => abortSignalOf(res),
    perform,
  });

  async function perform(
    id: string,
    { params = {}, query = {}, body, csrfToken = '' }: PerformInput = {},
  ): Promise<Answer> {
    const input = { params, query, body: async () => body };
    const { answer, isChange } = await run(id, input, (method) => exchangeFor({ method, csrfToken }));
    if (isChange) identities.forget();
    if (answer.quota) showQuota(res, answer.quota);
    return answer;
  }

  return exchangeFor({ method: req.method, csrfToken: req.get('X-CSRF-Token') ?? '' });
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
      throw withForgottenCookie(error);
    }
    if (authenticated === undefined) throw new AppError('token_missing');
    return authenticated;
  }

  /** A browser whose session has ended should not go on sending its cookie; a gateway would not pass that on. */
  function withForgottenCookie(error: unknown): unknown {
    if (isForGateway || !(error instanceof AppError && error.code === 'session_ended')) return error;
    return new AppError(error.code, error.detail, { headers: cookies.clearingHeaders(req) });
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
      }),
      takeCookie(goesOn) {
        const cookieId = credentials.cookieToEnd(req, intent);
        if (cookieId !== undefined && !goesOn) res.set(cookies.clearingHeaders(req));
        return cookieId;
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
