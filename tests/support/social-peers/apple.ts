import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { accessTokenHash, createIdTokens, type IdTokens } from './id-tokens.ts';
import {
  type Answer,
  createCodes,
  errorPage,
  formOf,
  json,
  newSecret,
  type PeerClock,
  type PeerControl,
  type PeerRequest,
  type ResponseMode,
  scopesOf,
  secondsOf,
  sendBack,
  signInPage,
  startPeer,
} from './peer.ts';

/*
 * A local stand-in for Sign in with Apple on the web. It follows these pages of developer.apple.com: "Request
 * an authorization to the Sign in with Apple server", "Generate and validate tokens", "Creating a client
 * secret", "Receiving a User's Identity Token", "ErrorResponse" and "Revoke tokens"; and the discovery document of
 * appleid.apple.com. That form_post is insisted on, with this text, is in the developer forums (thread
 * 704197). PKCE is not documented, and what a client sends of it is ignored. Left out is the response type
 * `code id_token`.
 */

const CODE_LIFETIME_SECONDS = 300;
const ACCESS_TOKEN_LIFETIME_SECONDS = 3600;
const ID_TOKEN_LIFETIME_SECONDS = 86_400;
const MAX_CLIENT_SECRET_SECONDS = 15_777_000;

export interface AppleUser {
  readonly sub: string;
  /** Of a private relay, or the true one. Managed accounts may have none. */
  readonly email?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  /** Apple says these two as booleans or as text. */
  readonly emailVerified?: boolean | 'true' | 'false';
  readonly isPrivateEmail?: boolean | 'true' | 'false';
}

export interface AppleOptions {
  /** A Services ID. */
  readonly clientId?: string;
  readonly teamId?: string;
  readonly keyId?: string;
  readonly redirectUris: readonly string[];
  readonly clock?: PeerClock;
}

interface CodeGrant {
  readonly user: AppleUser;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly nonce: string | null;
  readonly authTime: number;
}

export interface ApplePeer extends PeerControl, Pick<IdTokens, 'rotateKeys' | 'tamperIdTokens'> {
  readonly issuer: string;
  readonly clientId: string;
  readonly teamId: string;
  readonly keyId: string;
  /** PKCS#8 in PEM, as the .p8 file that is downloaded. */
  readonly privateKey: string;
  /** Who is signed in there and consents; null cancels. */
  readonly signIn: (user: AppleUser | null) => void;
  /** As when the person takes the app out of their account: the next authorization is the first again. */
  readonly stopUsing: (sub: string) => void;
  readonly register: (redirectUri: string) => void;
}

export async function startApple(options: AppleOptions): Promise<ApplePeer> {
  const { clientId = 'com.example.web', teamId = 'TEAM123456', keyId = 'KEY1234567', clock = Date } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const redirectUris = new Set(options.redirectUris);
  const idTokens = await createIdTokens();
  const codes = createCodes<CodeGrant>(clock, CODE_LIFETIME_SECONDS);
  const refreshTokens = new Map<string, CodeGrant>();
  const authorized = new Set<string>();
  let visitor: AppleUser | null | undefined;

  function authorize({ query }: PeerRequest): Answer {
    const scopes = scopesOf(query);
    const mode = query.get('response_mode') ?? 'query';
    const redirectUri = query.get('redirect_uri') ?? '';
    const state = query.get('state');
    if (query.get('client_id') !== clientId) return errorPage(400, 'invalid_client: Invalid client id.');
    if (!redirectUris.has(redirectUri)) {
      return errorPage(400, 'invalid_request: Invalid web redirect url.');
    }
    if (query.get('response_type') !== 'code') {
      return errorPage(400, 'unsupported_response_type: Invalid response type.');
    }
    if (!isResponseMode(mode)) return errorPage(400, 'invalid_request: Invalid response mode.');
    if (mode !== 'form_post' && scopes.some((scope) => scope === 'name' || scope === 'email')) {
      const reason = 'response_mode must be form_post when name or email scope is requested.';
      return errorPage(400, `invalid_request: ${reason}`);
    }
    if (visitor === undefined) return signInPage();
    if (visitor === null) return sendBack(redirectUri, { error: 'user_cancelled_authorize', state }, mode);
    const grant = { user: visitor, scopes, redirectUri, nonce: query.get('nonce') };
    const code = codes.issue({ ...grant, authTime: secondsOf(clock) });
    const isFirst = !authorized.has(visitor.sub);
    authorized.add(visitor.sub);
    const user = isFirst ? firstTimeUser(visitor, scopes) : undefined;
    return sendBack(redirectUri, { code, state, user }, mode);
  }

  async function token(form: URLSearchParams): Promise<Answer> {
    if (!(await isClient(form))) return json({ error: 'invalid_client' }, 400);
    if (form.get('grant_type') === 'refresh_token') {
      const grant = refreshTokens.get(form.get('refresh_token') ?? '');
      return grant
        ? tokens({ ...grant, nonce: null })
        : invalidGrant('The token has expired or been revoked.');
    }
    if (form.get('grant_type') !== 'authorization_code')
      return json({ error: 'unsupported_grant_type' }, 400);
    const redemption = codes.redeem(form.get('code'));
    if ('problem' in redemption) {
      return invalidGrant(
        redemption.problem === 'redeemed'
          ? 'The code has already been used.'
          : 'The code has expired or has been revoked.',
      );
    }
    // The page of ErrorResponse counts a redirect URI among the causes of invalid_client.
    if (form.get('redirect_uri') !== redemption.grant.redirectUri)
      return json({ error: 'invalid_client' }, 400);
    const refreshToken = newSecret('r.');
    refreshTokens.set(refreshToken, redemption.grant);
    return tokens(redemption.grant, refreshToken);
  }

  /** The client secret is a JWT that the client has signed with its key. */
  async function isClient(form: URLSearchParams): Promise<boolean> {
    if (form.get('client_id') !== clientId) return false;
    try {
      const { payload, protectedHeader } = await jwtVerify(form.get('client_secret') ?? '', publicKey, {
        algorithms: ['ES256'],
        issuer: teamId,
        subject: clientId,
        audience: control.url,
        requiredClaims: ['iat', 'exp'],
        currentDate: new Date(clock.now()),
      });
      const lifetimeSeconds = (payload.exp ?? 0) - secondsOf(clock);
      return protectedHeader.kid === keyId && lifetimeSeconds <= MAX_CLIENT_SECRET_SECONDS;
    } catch {
      return false;
    }
  }

  /** The refresh token is given once, and stays the same. */
  async function tokens(grant: CodeGrant, refreshToken?: string): Promise<Answer> {
    const accessToken = newSecret('a.');
    const now = secondsOf(clock);
    const { sub, email, emailVerified = true, isPrivateEmail } = grant.user;
    const idToken = await idTokens.sign(
      {
        iss: control.url,
        aud: clientId,
        exp: now + ID_TOKEN_LIFETIME_SECONDS,
        iat: now,
        sub,
        ...(grant.nonce !== null && { nonce: grant.nonce }),
        at_hash: accessTokenHash(accessToken),
        ...(email !== undefined &&
          grant.scopes.includes('email') && {
            email,
            email_verified: emailVerified,
            ...(isPrivateEmail !== undefined && { is_private_email: isPrivateEmail }),
          }),
        auth_time: grant.authTime,
        nonce_supported: true,
      },
      {},
    );
    return json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
      refresh_token: refreshToken,
      id_token: idToken,
    });
  }

  async function revoke(form: URLSearchParams): Promise<Answer> {
    if (!(await isClient(form))) return json({ error: 'invalid_client' }, 400);
    const revoked = refreshTokens.get(form.get('token') ?? '');
    refreshTokens.delete(form.get('token') ?? '');
    if (revoked) authorized.delete(revoked.user.sub);
    return { status: 200 };
  }

  const control = await startPeer((request) => {
    switch (`${request.method} ${request.path}`) {
      case 'GET /.well-known/openid-configuration':
        return json(discoveryOf(control.url));
      case 'GET /auth/keys':
        return json({ keys: idTokens.publicKeys() });
      case 'GET /auth/authorize':
        return authorize(request);
      case 'POST /auth/token':
        return token(formOf(request));
      case 'POST /auth/revoke':
        return revoke(formOf(request));
      default:
        return undefined;
    }
  });

  return {
    ...control,
    issuer: control.url,
    clientId,
    teamId,
    keyId,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    rotateKeys: idTokens.rotateKeys,
    tamperIdTokens: idTokens.tamperIdTokens,
    signIn: (user) => {
      visitor = user;
    },
    stopUsing: (sub) => {
      authorized.delete(sub);
    },
    register: (redirectUri) => {
      redirectUris.add(redirectUri);
    },
  };
}

const isResponseMode = (mode: string): mode is ResponseMode =>
  mode === 'query' || mode === 'fragment' || mode === 'form_post';

function invalidGrant(error_description: string): Answer {
  return json({ error: 'invalid_grant', error_description }, 400);
}

/** The one place in which Apple says the name. */
function firstTimeUser({ firstName, lastName, email }: AppleUser, scopes: readonly string[]) {
  const user = {
    ...(scopes.includes('name') && { name: { firstName, lastName } }),
    ...(scopes.includes('email') && { email }),
  };
  return Object.keys(user).length > 0 ? JSON.stringify(user) : undefined;
}

function discoveryOf(url: string) {
  return {
    issuer: url,
    authorization_endpoint: `${url}/auth/authorize`,
    token_endpoint: `${url}/auth/token`,
    revocation_endpoint: `${url}/auth/revoke`,
    jwks_uri: `${url}/auth/keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'email', 'name'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    claims_supported: [
      'aud',
      'email',
      'email_verified',
      'exp',
      'iat',
      'is_private_email',
      'iss',
      'nonce',
      'nonce_supported',
      'real_user_status',
      'sub',
      'transfer_sub',
    ],
  };
}
