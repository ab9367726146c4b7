import { accessTokenHash, createIdTokens, type IdTokens } from './id-tokens.ts';
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
  type Parameters,
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
 * A local stand-in for Google as an OpenID provider. It follows these pages of developers.google.com: "OpenID
 * Connect", "Google OpenID Connect API Reference", "Using OAuth 2.0 for Web Server Applications", "Verify the
 * Google ID token on your server side" and "Authenticate users with Sign in with Google" (of Android); and
 * the discovery document of accounts.google.com. Its endpoints are on several hosts in truth.
 */

const CODE_LIFETIME_SECONDS = 600;
const ACCESS_TOKEN_LIFETIME_SECONDS = 3599;
const ID_TOKEN_LIFETIME_SECONDS = 3600;
const KEYS_MAX_AGE_SECONDS = 19_800;

export interface GoogleUser {
  readonly sub: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly picture?: string;
  /** The domain of a Workspace account. */
  readonly hd?: string;
}

export interface GoogleOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  /**
   * Whether it answers with the parameter `iss` of RFC 9207, and says so in its discovery document. In early 2026
   * Google sent it to some clients before it was announced.
   */
  readonly issParameter?: 'announced' | 'unannounced' | 'absent';
  readonly clock?: PeerClock;
}

interface Grant {
  readonly user: GoogleUser;
  readonly scopes: readonly string[];
}

interface CodeGrant extends Grant {
  readonly redirectUri: string;
  readonly challenge: Challenge | undefined;
  readonly nonce: string | null;
  readonly offline: boolean;
}

interface NativeSignIn {
  readonly user: GoogleUser;
  /** Of the app on the phone. */
  readonly androidClientId: string;
  readonly nonce?: string;
}

export interface GooglePeer extends PeerControl, Pick<IdTokens, 'rotateKeys' | 'tamperIdTokens'> {
  readonly issuer: string;
  /** Who is signed in there and consents; null declines. */
  readonly signIn: (user: GoogleUser | null) => void;
  readonly register: (redirectUri: string) => void;
  /** As the SDK of a phone gets it, which names the web client as the server that it is for. */
  readonly nativeIdToken: (how: NativeSignIn) => Promise<string>;
}

export async function startGoogle(options: GoogleOptions): Promise<GooglePeer> {
  const { clientId, clientSecret, issParameter = 'announced', clock = Date } = options;
  const redirectUris = new Set(options.redirectUris);
  const idTokens = await createIdTokens();
  const codes = createCodes<CodeGrant>(clock, CODE_LIFETIME_SECONDS);
  const accessTokens = new Map<string, Grant>();
  const refreshTokens = new Map<string, Grant>();
  const consented = new Set<string>();
  let visitor: GoogleUser | null | undefined;

  function authorize({ query }: PeerRequest): Answer {
    if (query.get('client_id') !== clientId) return errorPage(401, 'Error 401: invalid_client');
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!redirectUris.has(redirectUri)) return errorPage(400, 'Error 400: redirect_uri_mismatch');
    if (query.get('response_type') !== 'code') return errorPage(400, 'Error 400: invalid_request');
    const scopes = scopesOf(query);
    if (scopes.length === 0) return errorPage(400, 'Error 400: invalid_request: scope');
    const answer = (parameters: Parameters) =>
      sendBack(redirectUri, {
        state: query.get('state'),
        ...(issParameter !== 'absent' && { iss: control.url }),
        ...parameters,
      });
    if (visitor === undefined) return signInPage();
    if (visitor === null) return answer({ error: 'access_denied' });
    const asksAgain = (query.get('prompt') ?? '').split(' ').includes('consent');
    const consents = asksAgain || !consented.has(visitor.sub);
    consented.add(visitor.sub);
    const code = codes.issue(
      {
        user: visitor,
        scopes,
        redirectUri,
        challenge: challengeOf(query),
        nonce: query.get('nonce'),
        offline: query.get('access_type') === 'offline' && consents,
      },
      newSecret('4/0A'),
    );
    const prompt = consents ? 'consent' : 'none';
    return answer({ code, scope: grantedScope(scopes), authuser: '0', hd: visitor.hd, prompt });
  }

  async function token(request: PeerRequest): Promise<Answer> {
    const form = formOf(request);
    const { id, secret } = credentialsOf(request);
    if (id !== clientId) return tokenError('invalid_client', 'The OAuth client was not found.', 401);
    if (secret !== clientSecret) return tokenError('invalid_client', 'Unauthorized', 401);
    if (form.get('grant_type') === 'refresh_token') {
      const grant = refreshTokens.get(form.get('refresh_token') ?? '');
      return grant ? tokens(grant) : tokenError('invalid_grant', 'Token has been expired or revoked.');
    }
    if (form.get('grant_type') !== 'authorization_code') {
      return tokenError('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type') ?? ''}`);
    }
    const redemption = codes.redeem(form.get('code'));
    if ('problem' in redemption) {
      const isUnknown = redemption.problem === 'unknown';
      return tokenError('invalid_grant', isUnknown ? 'Malformed auth code.' : 'Bad Request');
    }
    const { redirectUri, challenge, nonce, offline } = redemption.grant;
    if (form.get('redirect_uri') !== redirectUri) return tokenError('redirect_uri_mismatch', 'Bad Request');
    const verifier = form.get('code_verifier');
    if (challenge && verifier === null) return tokenError('invalid_grant', 'Missing code verifier.');
    if (!verifies(challenge, verifier)) return tokenError('invalid_grant', 'Invalid code verifier.');
    return tokens(redemption.grant, { nonce, offline });
  }

  async function tokens(
    { user, scopes }: Grant,
    { nonce = null, offline = false }: { nonce?: string | null; offline?: boolean } = {},
  ): Promise<Answer> {
    const accessToken = newSecret('ya29.a0');
    accessTokens.set(accessToken, { user, scopes });
    const refreshToken = offline ? newSecret('1//0') : undefined;
    if (refreshToken !== undefined) refreshTokens.set(refreshToken, { user, scopes });
    const claims = {
      azp: clientId,
      ...profileOf(user, scopes),
      at_hash: accessTokenHash(accessToken),
      ...(nonce !== null && { nonce }),
    };
    return json({
      access_token: accessToken,
      expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
      refresh_token: refreshToken,
      scope: grantedScope(scopes),
      token_type: 'Bearer',
      id_token: scopes.includes('openid') ? await idToken(claims) : undefined,
    });
  }

  function idToken(claims: Record<string, unknown>): Promise<string> {
    const now = secondsOf(clock);
    return idTokens.sign({
      iss: control.url,
      aud: clientId,
      ...claims,
      iat: now,
      exp: now + ID_TOKEN_LIFETIME_SECONDS,
    });
  }

  function userinfo(request: PeerRequest): Answer {
    const grant = accessTokens.get(bearerOf(request) ?? '');
    if (grant === undefined) return tokenError('invalid_request', 'Invalid Credentials', 401);
    return json(profileOf(grant.user, grant.scopes));
  }

  function revoke(revoked: string): Answer {
    const had = accessTokens.delete(revoked) || refreshTokens.delete(revoked);
    return had ? json({}) : tokenError('invalid_token', 'Token expired or revoked');
  }

  const control = await startPeer((request) => {
    switch (`${request.method} ${request.path}`) {
      case 'GET /.well-known/openid-configuration':
        return json(discoveryOf(control.url, issParameter === 'announced'), 200, {
          'cache-control': 'public, max-age=3600',
        });
      case 'GET /oauth2/v3/certs':
        return json({ keys: idTokens.publicKeys() }, 200, {
          'cache-control': `public, max-age=${KEYS_MAX_AGE_SECONDS}, must-revalidate, no-transform`,
        });
      case 'GET /o/oauth2/v2/auth':
        return authorize(request);
      case 'POST /token':
        return token(request);
      case 'GET /v1/userinfo':
      case 'POST /v1/userinfo':
        return userinfo(request);
      case 'POST /revoke':
        return revoke(formOf(request).get('token') ?? request.query.get('token') ?? '');
      default:
        return undefined;
    }
  });

  return {
    ...control,
    issuer: control.url,
    rotateKeys: idTokens.rotateKeys,
    tamperIdTokens: idTokens.tamperIdTokens,
    signIn: (user) => {
      visitor = user;
    },
    register: (redirectUri) => {
      redirectUris.add(redirectUri);
    },
    nativeIdToken: ({ user, androidClientId, nonce }) =>
      idToken({
        azp: androidClientId,
        ...profileOf(user, ['openid', 'email', 'profile']),
        ...(nonce !== undefined && { nonce }),
      }),
  };
}

/** The same claims are in the ID token and at the userinfo endpoint. */
function profileOf(user: GoogleUser, scopes: readonly string[]): Record<string, unknown> {
  const { sub, email, emailVerified = true, name, givenName, familyName, picture, hd } = user;
  return {
    sub,
    ...(scopes.includes('email') && email !== undefined && { email, email_verified: emailVerified, hd }),
    ...(scopes.includes('profile') && { name, picture, given_name: givenName, family_name: familyName }),
  };
}

/** Google answers with what the short names of scopes stand for as well. */
function grantedScope(scopes: readonly string[]): string {
  return scopes
    .flatMap((scope) =>
      scope === 'email' || scope === 'profile' ? `https://www.googleapis.com/auth/userinfo.${scope}` : scope,
    )
    .join(' ');
}

function tokenError(error: string, error_description: string, status = 400): Answer {
  return json({ error, error_description }, status);
}

function discoveryOf(url: string, announcesIss: boolean) {
  return {
    issuer: url,
    authorization_endpoint: `${url}/o/oauth2/v2/auth`,
    device_authorization_endpoint: `${url}/device/code`,
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/v1/userinfo`,
    revocation_endpoint: `${url}/revoke`,
    jwks_uri: `${url}/oauth2/v3/certs`,
    response_types_supported: [
      'code',
      'token',
      'id_token',
      'code token',
      'code id_token',
      'token id_token',
      'code token id_token',
      'none',
    ],
    ...(announcesIss && { authorization_response_iss_parameter_supported: true }),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'email', 'profile'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    claims_supported: [
      'aud',
      'email',
      'email_verified',
      'exp',
      'family_name',
      'given_name',
      'iat',
      'iss',
      'name',
      'picture',
      'sub',
    ],
    code_challenge_methods_supported: ['plain', 'S256'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ],
  };
}
