import { createHmac } from 'node:crypto';
import {
  type Answer,
  bearerOf,
  createCodes,
  errorPage,
  formOf,
  json,
  newSecret,
  type PeerClock,
  type PeerControl,
  type PeerRequest,
  postedCredentialsOf,
  scopesOf,
  secondsOf,
  sendBack,
  signInPage,
  startPeer,
} from './peer.ts';

/*
 * A local stand-in for Facebook, its login dialog and its Graph API. It follows these pages of
 * developers.facebook.com: "Manually Build a Login Flow", "Securing Graph API Requests", "Handle Errors" and
 * the reference of the node User. Texts of errors that are not documented are those that issues of public
 * libraries quote. PKCE is not documented for this flow, and what a client sends of it is ignored.
 */

const CODE_LIFETIME_SECONDS = 600;
const TOKEN_LIFETIME_SECONDS = 5_184_000;

export interface FacebookUser {
  /** Of this person in this app alone. */
  readonly id: string;
  readonly name: string;
  /** Facebook leaves it out for accounts by phone number, and for addresses that are not confirmed. */
  readonly email?: string;
  /** Permissions that the person takes away in the dialog, such as `email`. */
  readonly declines?: readonly string[];
}

export interface FacebookOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  /** "Require App Secret" in the settings of the app. */
  readonly requiresProof?: boolean;
  readonly clock?: PeerClock;
}

interface Grant {
  readonly user: FacebookUser;
  readonly permissions: readonly string[];
}

interface CodeGrant extends Grant {
  readonly redirectUri: string;
}

interface Token extends Grant {
  readonly expiresAt: number;
}

export interface FacebookPeer extends PeerControl {
  /** Who is signed in there and consents; null declines. */
  readonly signIn: (user: FacebookUser | null) => void;
  readonly register: (redirectUri: string) => void;
}

export async function startFacebook(options: FacebookOptions): Promise<FacebookPeer> {
  const { clientId, clientSecret, requiresProof = false, clock = Date } = options;
  const redirectUris = new Set(options.redirectUris);
  const codes = createCodes<CodeGrant>(clock, CODE_LIFETIME_SECONDS);
  const tokens = new Map<string, Token>();
  let visitor: FacebookUser | null | undefined;

  function dialog({ query }: PeerRequest): Answer {
    if (query.get('client_id') !== clientId) return errorPage(400, 'Invalid App ID');
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!redirectUris.has(redirectUri)) {
      return errorPage(400, 'URL Blocked: This redirect failed because the redirect URI is not whitelisted');
    }
    const state = query.get('state');
    if (visitor === undefined) return signInPage();
    if (visitor === null) {
      const denial = { error: 'access_denied', error_code: '200', error_description: 'Permissions error' };
      return sendBack(redirectUri, { ...denial, error_reason: 'user_denied', state });
    }
    const declined = new Set(visitor.declines);
    const asked = new Set(['public_profile', ...scopesOf(query)]);
    const permissions = [...asked].filter((permission) => !declined.has(permission));
    const code = codes.issue({ user: visitor, permissions, redirectUri });
    const { status, headers } = sendBack(redirectUri, { code, state });
    return { status, headers: { location: `${headers?.location}#_=_` } };
  }

  function exchange(parameters: URLSearchParams): Answer {
    const { id, secret } = postedCredentialsOf(parameters);
    if (id === null) return graphError('Missing client_id parameter.', 101);
    if (id !== clientId) {
      return graphError(
        'Error validating application. Cannot get application info due to a system error.',
        101,
      );
    }
    if (parameters.get('redirect_uri') === null) return graphError('Missing redirect_uri parameter.', 191);
    if (secret !== clientSecret) return graphError('Error validating client secret.', 1);
    const redemption = codes.redeem(parameters.get('code'));
    if ('problem' in redemption) {
      if (redemption.problem === 'unknown') return graphError('Invalid verification code format.', 100);
      if (redemption.problem === 'expired') {
        return graphError('This authorization code has expired.', 100, { error_subcode: 36007 });
      }
      return graphError('This authorization code has been used.', 100, { error_subcode: 36009 });
    }
    const { redirectUri, user, permissions } = redemption.grant;
    if (parameters.get('redirect_uri') !== redirectUri) {
      const reason =
        'Error validating verification code. Please make sure your redirect_uri is identical to the one you ' +
        'used in the OAuth dialog request';
      return graphError(reason, 100, { error_subcode: 36008 });
    }
    const accessToken = newSecret('EAA');
    tokens.set(accessToken, { user, permissions, expiresAt: secondsOf(clock) + TOKEN_LIFETIME_SECONDS });
    return json({ access_token: accessToken, token_type: 'bearer', expires_in: TOKEN_LIFETIME_SECONDS });
  }

  function me(request: PeerRequest): Answer {
    const accessToken = request.query.get('access_token') ?? bearerOf(request);
    if (accessToken === undefined) {
      const reason = 'An active access token must be used to query information about the current user.';
      return graphError(reason, 2500);
    }
    const token = tokens.get(accessToken);
    if (token === undefined) {
      return graphError('Invalid OAuth access token - Cannot parse access token', 190);
    }
    if (token.expiresAt <= secondsOf(clock)) {
      return graphError('Error validating access token: Session has expired', 190, { error_subcode: 463 });
    }
    const proof = request.query.get('appsecret_proof');
    if (proof === null && requiresProof) {
      return proofError('API calls from the server require an appsecret_proof argument');
    }
    if (proof !== null && proof !== createHmac('sha256', clientSecret).update(accessToken).digest('hex')) {
      return proofError('Invalid appsecret_proof provided in the API argument');
    }
    return fields(token, request.query.get('fields')?.split(',') ?? ['id', 'name']);
  }

  const control = await startPeer((request) => {
    const path = request.path.replace(/^\/v\d+\.\d+(?=\/)/, '');
    if (path === '/dialog/oauth' && request.method === 'GET') return dialog(request);
    if (path === '/oauth/access_token') {
      return exchange(request.method === 'POST' ? formOf(request) : request.query);
    }
    if (path === '/me' && request.method === 'GET') return me(request);
    return undefined;
  });

  return {
    ...control,
    signIn: (user) => {
      visitor = user;
    },
    register: (redirectUri) => {
      redirectUris.add(redirectUri);
    },
  };
}

/** The id comes along with whatever is asked for. */
function fields({ user, permissions }: Token, names: readonly string[]): Answer {
  const [firstName, ...rest] = user.name.split(' ');
  const known: Readonly<Record<string, unknown>> = {
    id: user.id,
    name: user.name,
    first_name: firstName,
    last_name: rest.join(' '),
    email: permissions.includes('email') ? user.email : undefined,
    picture: { data: { height: 50, width: 50, is_silhouette: true, url: 'https://scontent.example/50.png' } },
  };
  const unknown = names.find((name) => !(name in known));
  if (unknown !== undefined) {
    return graphError(`(#100) Tried accessing nonexisting field (${unknown}) on node type (User)`, 100);
  }
  return json(Object.fromEntries([...names, 'id'].map((name) => [name, known[name]])));
}

const proofError = (message: string) => graphError(message, 100, { type: 'GraphMethodException' });

function graphError(message: string, code: number, members: Record<string, unknown> = {}): Answer {
  const fbtrace_id = newSecret('A').slice(0, 23);
  return json({ error: { message, type: 'OAuthException', code, ...members, fbtrace_id } }, 400);
}
