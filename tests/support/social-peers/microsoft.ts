import { createHash, randomUUID } from 'node:crypto';
import { createIdTokens, type Tampering } from './id-tokens.ts';
import {
  type Answer,
  bearerOf,
  type Challenge,
  challengeOf,
  createCodes,
  credentialsOf,
  errorPage,
  formOf,
  json,
  newSecret,
  type PeerClock,
  type PeerControl,
  type PeerRequest,
  type Redemption,
  type ResponseMode,
  scopesOf,
  secondsOf,
  sendBack,
  signInPage,
  startPeer,
  verifies,
} from './peer.ts';

/*
 * A local stand-in for the Microsoft identity platform (Entra ID and personal accounts). It follows these
 * pages of learn.microsoft.com/entra/identity-platform: "OpenID Connect on the Microsoft identity platform",
 * "OAuth 2.0 authorization code flow", "ID token claims reference", "Optional claims reference", "Access
 * tokens" (of the member `issuer` of keys) and "Authentication and authorization error codes"; and the
 * discovery documents and keys of login.microsoftonline.com. Keys have no x5c here.
 */

/** The tenant of all personal accounts. */
export const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

const CODE_LIFETIME_SECONDS = 600;
const ACCESS_TOKEN_LIFETIME_SECONDS = 3599;
/** ID tokens are as if they were issued a while ago, against clocks that are behind. */
const ISSUED_BEFORE_SECONDS = 300;
const ID_TOKEN_LIFETIME_SECONDS = 3900;

export interface MicrosoftUser {
  /** PERSONAL_TENANT, or one of those that the peer was started with. */
  readonly tid: string;
  /** The id of the account in its tenant, the same for every application. */
  readonly oid: string;
  readonly name: string;
  readonly preferredUsername: string;
  /** Any text that the administrator of a tenant likes. */
  readonly email?: string;
  /** Whether the owner of the email's domain was verified: true, "true", "1" or 1, or nothing by default. */
  readonly xmsEdov?: unknown;
  /** Signs in, and then declines to consent. */
  readonly declinesConsent?: boolean;
}

export interface MicrosoftOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  /** The ids of the tenants that there are. */
  readonly tenants?: readonly string[];
  /** Domains by which tenants may be named. */
  readonly domains?: Readonly<Record<string, string>>;
  readonly clock?: PeerClock;
}

interface CodeGrant {
  readonly user: MicrosoftUser;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly challenge: Challenge | undefined;
  readonly nonce: string | null;
}

export interface MicrosoftPeer extends PeerControl {
  /** What an application is configured with: its discovery document is below. */
  readonly authority: (tenant: string) => string;
  /** Who is signed in there and consents; null cancels. */
  readonly signIn: (user: MicrosoftUser | null) => void;
  readonly register: (redirectUri: string) => void;
  /** Those of work and of personal accounts. */
  readonly rotateKeys: () => Promise<void>;
  readonly tamperIdTokens: (how?: Tampering) => void;
}

export async function startMicrosoft(options: MicrosoftOptions): Promise<MicrosoftPeer> {
  const { clientId, clientSecret, tenants = [], domains = {}, clock = Date } = options;
  const redirectUris = new Set(options.redirectUris);
  const work = await createIdTokens();
  const personal = await createIdTokens();
  const codes = createCodes<CodeGrant>(clock, CODE_LIFETIME_SECONDS);
  const accessTokens = new Map<string, CodeGrant>();
  const refreshTokens = new Map<string, CodeGrant>();
  let visitor: MicrosoftUser | null | undefined;

  /** The id of a tenant, or the name of an authority that is for several; undefined if there is none. */
  function tenantOf(name: string): string | undefined {
    if (name === 'common' || name === 'organizations') return name;
    if (name === 'consumers' || name === PERSONAL_TENANT) return PERSONAL_TENANT;
    const tenant = domains[name] ?? name;
    return tenants.includes(tenant) ? tenant : undefined;
  }

  const issuerOf = (tid: string) => `${control.url}/${tid}/v2.0`;

  /** Literally a template for authorities that are for several tenants. */
  const issuerFor = (tenant: string) =>
    issuerOf(tenant === 'common' || tenant === 'organizations' ? '{tenantid}' : tenant);

  function keysOf(tenant: string): object[] {
    const published = (tokens: typeof work, issuer: string) =>
      tokens.publicKeys().map(({ alg: _, ...jwk }) => ({ ...jwk, x5t: jwk.kid, issuer }));
    const ofWork = published(work, issuerOf('{tenantid}'));
    const ofPersonal = published(personal, issuerOf(PERSONAL_TENANT));
    if (tenant === 'common') return [...ofWork, ...ofPersonal];
    return tenant === PERSONAL_TENANT ? ofPersonal : ofWork;
  }

  function authorize({ query }: PeerRequest, tenant: string): Answer {
    if (query.get('client_id') !== clientId) {
      return errorPage(
        400,
        `AADSTS700016: Application with identifier '${query.get('client_id')}' was not found.`,
      );
    }
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!redirectUris.has(redirectUri)) {
      const reason = `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs`;
      return errorPage(400, `AADSTS50011: ${reason} configured for the application '${clientId}'.`);
    }
    const state = query.get('state');
    const mode = query.get('response_mode') ?? 'query';
    if (!isResponseMode(mode)) return errorPage(400, 'AADSTS90023: The response mode is not supported.');
    const refuse = (error: string, error_description: string) =>
      sendBack(redirectUri, { error, error_description: described(error_description), state }, mode);
    if (query.get('response_type') !== 'code') {
      const reason = "AADSTS700054: response_type 'id_token' is not enabled for the application.";
      return refuse('unsupported_response_type', reason);
    }
    if (visitor === undefined) return signInPage();
    if (visitor === null) {
      const error_description = 'the user canceled the authentication';
      return sendBack(
        redirectUri,
        { error: 'access_denied', error_subcode: 'cancel', error_description, state },
        mode,
      );
    }
    if (!admits(tenant, visitor.tid)) {
      return errorPage(
        400,
        `AADSTS50020: User account '${visitor.preferredUsername}' does not exist in tenant.`,
      );
    }
    if (visitor.declinesConsent) {
      return refuse('consent_required', 'AADSTS65004: User declined to consent to access the app.');
    }
    const code = codes.issue(
      {
        user: visitor,
        scopes: scopesOf(query),
        redirectUri,
        challenge: challengeOf(query),
        nonce: query.get('nonce'),
      },
      newSecret('0.A'),
    );
    return sendBack(redirectUri, { code, state, session_state: randomUUID() }, mode);
  }

  async function token(request: PeerRequest): Promise<Answer> {
    const form = formOf(request);
    const { id, secret } = credentialsOf(request);
    if (id !== clientId) {
      return tokenError('unauthorized_client', 700016, `Application with identifier '${id}' was not found.`);
    }
    if (secret === null) {
      const reason =
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
      return tokenError('invalid_client', 7000218, reason, 401);
    }
    if (secret !== clientSecret) {
      const reason =
        'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, ' +
        `not the client secret ID, for a secret added to app '${clientId}'.`;
      return tokenError('invalid_client', 7000215, reason, 401);
    }
    if (form.get('grant_type') === 'refresh_token') {
      const grant = refreshTokens.get(form.get('refresh_token') ?? '');
      if (grant === undefined) return tokenError('invalid_grant', 9002313, MALFORMED);
      return tokens({ ...grant, nonce: null });
    }
    if (form.get('grant_type') !== 'authorization_code') {
      return tokenError('unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
    }
    const redemption = codes.redeem(form.get('code'));
    if ('problem' in redemption) return tokenError('invalid_grant', ...CODE_PROBLEMS[redemption.problem]);
    const { redirectUri, challenge } = redemption.grant;
    if (form.get('redirect_uri') !== redirectUri) {
      const reason = `The reply address '${form.get('redirect_uri')}' does not match the reply address '${redirectUri}'`;
      return tokenError('invalid_client', 500112, `${reason} provided when requesting Authorization code.`);
    }
    if (!verifies(challenge, form.get('code_verifier'))) {
      const reason =
        'The Code_Verifier does not match the code_challenge supplied in the authorization request.';
      return tokenError('invalid_grant', 501481, reason);
    }
    return tokens(redemption.grant);
  }

  async function tokens(grant: CodeGrant): Promise<Answer> {
    const { user, scopes, nonce } = grant;
    const accessToken = newSecret('EwB');
    accessTokens.set(accessToken, grant);
    const refreshToken = scopes.includes('offline_access') ? newSecret('1.A') : undefined;
    if (refreshToken !== undefined) refreshTokens.set(refreshToken, grant);
    const now = secondsOf(clock) - ISSUED_BEFORE_SECONDS;
    const signer = user.tid === PERSONAL_TENANT ? personal : work;
    const idToken = () =>
      signer.sign({
        ver: '2.0',
        iss: issuerOf(user.tid),
        sub: subjectOf(user, clientId),
        aud: clientId,
        exp: now + ID_TOKEN_LIFETIME_SECONDS,
        iat: now,
        nbf: now,
        ...(scopes.includes('profile') && {
          name: user.name,
          preferred_username: user.preferredUsername,
          oid: user.oid,
        }),
        ...(scopes.includes('email') &&
          user.email !== undefined && { email: user.email, xms_edov: user.xmsEdov }),
        tid: user.tid,
        ...(nonce !== null && { nonce }),
        uti: newSecret().slice(0, 22),
        rh: newSecret('1.A'),
      });
    return json({
      token_type: 'Bearer',
      scope: scopes.filter((scope) => scope !== 'offline_access').join(' '),
      expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
      ext_expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
      access_token: accessToken,
      refresh_token: refreshToken,
      id_token: scopes.includes('openid') ? await idToken() : undefined,
    });
  }

  function userinfo(request: PeerRequest): Answer {
    const grant = accessTokens.get(bearerOf(request) ?? '');
    if (grant === undefined) {
      return json({ error: { code: 'InvalidAuthenticationToken', message: 'Access token is empty.' } }, 401);
    }
    const { user, scopes } = grant;
    return json({
      sub: subjectOf(user, clientId),
      name: user.name,
      picture: 'https://graph.microsoft.com/v1.0/me/photo/$value',
      ...(scopes.includes('email') && { email: user.email }),
    });
  }

  const control = await startPeer((request) => {
    if (request.path === '/oidc/userinfo') return userinfo(request);
    const [, name = '', rest = ''] = /^\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
    const tenant = tenantOf(name);
    if (tenant === undefined) return tokenError('invalid_tenant', 90002, `Tenant '${name}' not found.`);
    switch (`${request.method} ${rest}`) {
      case 'GET v2.0/.well-known/openid-configuration':
        // A tenant that is named by its domain is called by its id from here on.
        return json(discoveryOf(control.url, name in domains ? tenant : name, issuerFor(tenant)));
      case 'GET discovery/v2.0/keys':
        return json({ keys: keysOf(tenant) }, 200, { 'cache-control': 'max-age=86400, private' });
      case 'GET oauth2/v2.0/authorize':
        return authorize(request, tenant);
      case 'POST oauth2/v2.0/token':
        return token(request);
      default:
        return undefined;
    }
  });

  return {
    ...control,
    authority: (tenant) => `${control.url}/${tenant}/v2.0`,
    signIn: (user) => {
      visitor = user;
    },
    register: (redirectUri) => {
      redirectUris.add(redirectUri);
    },
    async rotateKeys() {
      await Promise.all([work.rotateKeys(), personal.rotateKeys()]);
    },
    tamperIdTokens(how) {
      work.tamperIdTokens(how);
      personal.tamperIdTokens(how);
    },
  };
}

type CodeProblem = Extract<Redemption<CodeGrant>, { problem: unknown }>['problem'];

const MALFORMED = 'Invalid request. Request is malformed or invalid.';

const CODE_PROBLEMS: Readonly<Record<CodeProblem, [code: number, reason: string]>> = {
  unknown: [9002313, MALFORMED],
  redeemed: [
    54005,
    'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing ' +
      'refresh token.',
  ],
  expired: [
    70008,
    'The provided authorization code or refresh token has expired due to inactivity. Send a new ' +
      'interactive authorization request for this user and resource.',
  ],
};

/** `common` is for all accounts, `organizations` for those of work and school. */
function admits(tenant: string, tid: string): boolean {
  if (tenant === 'common') return true;
  return tenant === 'organizations' ? tid !== PERSONAL_TENANT : tid === tenant;
}

/** Another one in every application. */
function subjectOf({ tid, oid }: MicrosoftUser, clientId: string): string {
  return createHash('sha256').update(`${tid} ${oid} ${clientId}`).digest('base64url');
}

const isResponseMode = (mode: string): mode is ResponseMode =>
  mode === 'query' || mode === 'fragment' || mode === 'form_post';

const timestampOf = () => new Date().toISOString().replace('T', ' ').replace(/\.\d+/, '');

function described(reason: string, traceId = randomUUID(), correlationId = randomUUID()): string {
  const lines = [
    reason,
    `Trace ID: ${traceId}`,
    `Correlation ID: ${correlationId}`,
    `Timestamp: ${timestampOf()}`,
  ];
  return lines.join('\r\n');
}

function tokenError(error: string, code: number, reason: string, status = 400): Answer {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const content = {
    error,
    error_description: described(`AADSTS${code}: ${reason}`, traceId, correlationId),
    error_codes: [code],
    timestamp: timestampOf(),
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  };
  return json(content, status);
}

function discoveryOf(url: string, tenant: string, issuer: string) {
  return {
    token_endpoint: `${url}/${tenant}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${url}/${tenant}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer,
    request_uri_parameter_supported: false,
    userinfo_endpoint: `${url}/oidc/userinfo`,
    authorization_endpoint: `${url}/${tenant}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${url}/${tenant}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${url}/${tenant}/oauth2/v2.0/logout`,
    claims_supported: [
      'sub',
      'iss',
      'cloud_instance_name',
      'cloud_instance_host_name',
      'cloud_graph_host_name',
      'msgraph_host',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'acr',
      'nonce',
      'preferred_username',
      'name',
      'tid',
      'ver',
      'at_hash',
      'c_hash',
      'email',
    ],
    tenant_region_scope: null,
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
    rbac_url: 'https://pas.windows.net',
  };
}
