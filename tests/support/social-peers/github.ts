import {
  type Answer,
  bearerOf,
  type Challenge,
  challengeOf,
  createCodes,
  errorPage,
  formOf,
  json,
  newSecret,
  type PeerClock,
  type PeerControl,
  type PeerRequest,
  scopesOf,
  secondsOf,
  sendBack,
  signInPage,
  startPeer,
  verifies,
} from './peer.ts';

/*
 * A local stand-in for GitHub, github.com and Enterprise Server alike. It follows these pages of
 * docs.github.com: "Authorizing OAuth apps", "Troubleshooting authorization request errors", "Troubleshooting
 * OAuth app access token request errors", "Generating a user access token for a GitHub App", "Refreshing user
 * access tokens", "REST API endpoints for users", "REST API endpoints for emails" and "Getting started with
 * the REST API"; and the announcement of PKCE in the changelog of 2025-07-14. What GitHub says of a wrong
 * code_verifier is not documented: here it is a bad code.
 */

const CODE_LIFETIME_SECONDS = 600;
const USER_TOKEN_LIFETIME_SECONDS = 28_800;
const REFRESH_TOKEN_LIFETIME_SECONDS = 15_897_600;
const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;
const DOCS = 'https://docs.github.com';
const AUTHORIZATION_ERRORS = `${DOCS}/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/`;
const TOKEN_ERRORS = `${DOCS}/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/`;

export interface GitHubEmail {
  readonly email: string;
  readonly primary: boolean;
  readonly verified: boolean;
  readonly visibility: 'public' | 'private' | null;
}

export interface GitHubUser {
  readonly id: number;
  readonly login: string;
  readonly name?: string | null;
  /** The one of the public profile, which says nothing of verification. */
  readonly email?: string | null;
  readonly emails?: readonly GitHubEmail[];
}

export interface GitHubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The first is the one that errors go to. */
  readonly redirectUris: readonly string[];
  /** A GitHub App knows no scopes, and its tokens expire. */
  readonly kind?: 'oauth-app' | 'github-app';
  /** Whether a GitHub App has the permission to read email addresses. */
  readonly mayReadEmails?: boolean;
  /** GitHub gives no token for a user whose primary address is not verified. Older servers do. */
  readonly refusesUnverifiedEmail?: boolean;
  readonly clock?: PeerClock;
}

interface Grant {
  readonly user: GitHubUser;
  readonly scopes: readonly string[];
}

interface CodeGrant extends Grant {
  readonly redirectUri: string;
  readonly challenge: Challenge | undefined;
}

interface Token extends Grant {
  readonly expiresAt: number;
}

type TokenError = keyof typeof DESCRIPTIONS;

const DESCRIPTIONS = {
  bad_verification_code: 'The code passed is incorrect or expired.',
  incorrect_client_credentials: 'The client_id and/or client_secret passed are incorrect.',
  redirect_uri_mismatch: 'The redirect_uri MUST match the registered callback URL for this application.',
  bad_refresh_token: 'The refresh token passed is incorrect or expired.',
  unverified_user_email: 'The user must have a verified primary email.',
};

export interface GitHubPeer extends PeerControl {
  /** The REST API is at api.github.com in truth, and at `/api/v3` of an Enterprise Server. */
  readonly apiUrl: string;
  readonly enterpriseApiUrl: string;
  /** Who is signed in there and consents; null declines. */
  readonly signIn: (user: GitHubUser | null) => void;
  readonly suspendApplication: () => void;
  readonly register: (redirectUri: string) => void;
}

export async function startGitHub(options: GitHubOptions): Promise<GitHubPeer> {
  const { clientId, clientSecret, kind = 'oauth-app', mayReadEmails = true } = options;
  const { refusesUnverifiedEmail = true, clock = Date } = options;
  const redirectUris = [...options.redirectUris];
  const codes = createCodes<CodeGrant>(clock, CODE_LIFETIME_SECONDS);
  const tokens = new Map<string, Token>();
  const refreshTokens = new Map<string, Token & { readonly accessToken: string }>();
  let suspended = false;
  let visitor: GitHubUser | null | undefined;

  function authorize({ query }: PeerRequest): Answer {
    const [callback = ''] = redirectUris;
    if (query.get('client_id') !== clientId) return errorPage(404);
    const redirectUri = query.get('redirect_uri') ?? callback;
    const refuse = (uri: string, error: string, error_description: string) => {
      const error_uri = `${AUTHORIZATION_ERRORS}#${error.replaceAll('_', '-')}`;
      return sendBack(uri, { error, error_description, error_uri, state: query.get('state') });
    };
    if (suspended) {
      const reason = 'Your application has been suspended. Contact support@github.com.';
      return refuse(callback, 'application_suspended', reason);
    }
    if (!redirectUris.some((registered) => covers(registered, redirectUri))) {
      return refuse(callback, 'redirect_uri_mismatch', DESCRIPTIONS.redirect_uri_mismatch);
    }
    const challenge = challengeOf(query);
    if (challenge && challenge.method !== 'S256') return errorPage(400, 'Only S256 is accepted');
    if (visitor === undefined) return signInPage();
    if (visitor === null) {
      return refuse(redirectUri, 'access_denied', 'The user has denied your application access.');
    }
    const scopes = kind === 'oauth-app' ? scopesOf(query) : [];
    const code = codes.issue({ user: visitor, scopes, redirectUri, challenge }, newSecret().slice(0, 20));
    return sendBack(redirectUri, { code, state: query.get('state') });
  }

  /** Errors are a 200 as well. */
  function exchange(request: PeerRequest): Answer {
    const form = formOf(request);
    const content = { ...grant(form) };
    if (/\bjson\b/.test(request.headers.accept ?? '')) return json(content);
    const fields = new URLSearchParams();
    for (const [name, value] of Object.entries(content)) fields.append(name, String(value));
    return {
      status: 200,
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: fields.toString(),
    };
  }

  function grant(form: URLSearchParams): object {
    if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret) {
      return tokenError('incorrect_client_credentials');
    }
    if (form.get('grant_type') === 'refresh_token') return refresh(form.get('refresh_token') ?? '');
    const redemption = codes.redeem(form.get('code'));
    if ('problem' in redemption) return tokenError('bad_verification_code');
    const { redirectUri, challenge, user, scopes } = redemption.grant;
    if ((form.get('redirect_uri') ?? redirectUri) !== redirectUri) return tokenError('redirect_uri_mismatch');
    if (!verifies(challenge, form.get('code_verifier'))) return tokenError('bad_verification_code');
    const primary = user.emails?.find((email) => email.primary);
    if (refusesUnverifiedEmail && primary?.verified === false) return tokenError('unverified_user_email');
    return issue({ user, scopes });
  }

  function issue({ user, scopes }: Grant): object {
    const now = secondsOf(clock);
    const answer = { token_type: 'bearer', scope: scopes.join(',') };
    if (kind === 'oauth-app') {
      const accessToken = newSecret('gho_').slice(0, 40);
      tokens.set(accessToken, { user, scopes, expiresAt: Number.POSITIVE_INFINITY });
      return { access_token: accessToken, ...answer };
    }
    const accessToken = newSecret('ghu_').slice(0, 40);
    const refreshToken = newSecret('ghr_');
    tokens.set(accessToken, { user, scopes, expiresAt: now + USER_TOKEN_LIFETIME_SECONDS });
    const expiresAt = now + REFRESH_TOKEN_LIFETIME_SECONDS;
    refreshTokens.set(refreshToken, { user, scopes, expiresAt, accessToken });
    return {
      access_token: accessToken,
      expires_in: USER_TOKEN_LIFETIME_SECONDS,
      refresh_token: refreshToken,
      refresh_token_expires_in: REFRESH_TOKEN_LIFETIME_SECONDS,
      ...answer,
    };
  }

  /** Once it is used, it and the access token that came with it no longer work. */
  function refresh(refreshToken: string): object {
    const found = refreshTokens.get(refreshToken);
    if (found === undefined || found.expiresAt <= secondsOf(clock)) return tokenError('bad_refresh_token');
    refreshTokens.delete(refreshToken);
    tokens.delete(found.accessToken);
    return issue(found);
  }

  function api(request: PeerRequest, path: string): Answer | undefined {
    if ((request.headers['user-agent'] ?? '') === '') return errorPage(403, NO_USER_AGENT);
    const page = path === '/user' ? 'users#get-the-authenticated-user' : EMAILS_PAGE;
    const bearer = bearerOf(request);
    if (bearer === undefined) return apiError(401, 'Requires authentication', page);
    const token = tokens.get(bearer);
    if (token === undefined || token.expiresAt <= secondsOf(clock)) return apiError(401, 'Bad credentials');
    const headers: Record<string, string> =
      kind === 'oauth-app' ? { 'x-oauth-scopes': token.scopes.join(', ') } : {};
    if (path === '/user') return json(profileOf(token.user), 200, headers);
    if (path === '/user/emails') return emails(request, token, headers);
    return undefined;
  }

  function emails(request: PeerRequest, { user, scopes }: Token, headers: Record<string, string>): Answer {
    if (kind === 'github-app' && !mayReadEmails) {
      return apiError(403, 'Resource not accessible by integration', EMAILS_PAGE);
    }
    if (kind === 'oauth-app' && !scopes.some((scope) => scope === 'user:email' || scope === 'user')) {
      return apiError(404, 'Not Found', EMAILS_PAGE);
    }
    return paginate(request, user.emails ?? [], headers);
  }

  function paginate(request: PeerRequest, all: readonly unknown[], headers: Record<string, string>): Answer {
    const perPage = Math.min(positive(request.query.get('per_page'), DEFAULT_PER_PAGE), MAX_PER_PAGE);
    const number = positive(request.query.get('page'), 1);
    const last = Math.max(Math.ceil(all.length / perPage), 1);
    const link = (page: number, rel: string) =>
      `<${control.url}${request.path}?per_page=${perPage}&page=${page}>; rel="${rel}"`;
    const links = [
      ...(number > 1 ? [link(number - 1, 'prev')] : []),
      ...(number < last ? [link(number + 1, 'next'), link(last, 'last')] : []),
      ...(number > 1 ? [link(1, 'first')] : []),
    ];
    return json(all.slice((number - 1) * perPage, number * perPage), 200, {
      ...headers,
      ...(links.length > 0 && { link: links.join(', ') }),
    });
  }

  const control = await startPeer((request) => {
    const route = `${request.method} ${request.path}`;
    if (route === 'GET /login/oauth/authorize') return authorize(request);
    if (route === 'POST /login/oauth/access_token') return exchange(request);
    if (request.method === 'GET') return api(request, request.path.replace(/^\/api\/v3(?=\/)/, ''));
    return undefined;
  });

  return {
    ...control,
    apiUrl: control.url,
    enterpriseApiUrl: `${control.url}/api/v3`,
    signIn: (user) => {
      visitor = user;
    },
    suspendApplication: () => {
      suspended = true;
    },
    register: (redirectUri) => {
      redirectUris.push(redirectUri);
    },
  };
}

const EMAILS_PAGE = 'emails#list-email-addresses-for-the-authenticated-user';
const NO_USER_AGENT =
  'Request forbidden by administrative rules. Please make sure your request has a User-Agent header ' +
  `(${DOCS}/en/rest/overview/resources-in-the-rest-api#user-agent-required).`;

/** The host may be a subdomain of the registered one, the path one below it; of loopback any port will do. */
function covers(registered: string, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const own = new URL(registered);
  const asked = new URL(redirectUri);
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(own.hostname);
  return (
    asked.protocol === own.protocol &&
    (asked.hostname === own.hostname || asked.hostname.endsWith(`.${own.hostname}`)) &&
    (asked.port === own.port || isLoopback) &&
    (asked.pathname === own.pathname || asked.pathname.startsWith(`${own.pathname.replace(/\/$/, '')}/`))
  );
}

function tokenError(error: TokenError) {
  const error_uri = `${TOKEN_ERRORS}#${error.replaceAll('_', '-')}`;
  return { error, error_description: DESCRIPTIONS[error], error_uri };
}

function apiError(status: number, message: string, page?: string): Answer {
  const documentation_url = page === undefined ? `${DOCS}/rest` : `${DOCS}/rest/users/${page}`;
  return json({ message, documentation_url, status: String(status) }, status);
}

function profileOf({ id, login, name = null, email = null }: GitHubUser) {
  return {
    login,
    id,
    node_id: Buffer.from(`04:User${id}`).toString('base64'),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    html_url: `https://github.com/${login}`,
    type: 'User',
    site_admin: false,
    name,
    email,
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
  };
}

function positive(value: string | null, otherwise: number): number {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : otherwise;
}
