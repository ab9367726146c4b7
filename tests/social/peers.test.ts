import { createHash, createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, importPKCS8, jwtVerify, SignJWT } from 'jose';
import * as client from 'openid-client';
import { startApple } from '../support/social-peers/apple.ts';
import { type FacebookPeer, startFacebook } from '../support/social-peers/facebook.ts';
import { type GitHubPeer, type GitHubUser, startGitHub } from '../support/social-peers/github.ts';
import { startGoogle } from '../support/social-peers/google.ts';
import type { Tampering } from '../support/social-peers/id-tokens.ts';
import { PERSONAL_TENANT, startMicrosoft } from '../support/social-peers/microsoft.ts';
import { json, type PeerControl, readFormPost, startPeer } from '../support/social-peers/peer.ts';

const REDIRECT_URI = 'https://auth.example.com/login/callback';
const CREDENTIALS = { clientId: 'our-client', clientSecret: 'our-secret' };
const VERIFIER = client.randomPKCECodeVerifier();
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const STATE = 'our-state';
const NONCE = 'our-nonce';
const DAY_SECONDS = 86_400;
const WRONG_CLAIM = 'OAUTH_JWT_CLAIM_COMPARISON_FAILED';
const INSECURE = { execute: [client.allowInsecureRequests] };

/** A clock that a test moves, since the life of a code is longer than a test. */
function createClock() {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead * 1000,
    advanceSeconds: (seconds: number) => {
      ahead += seconds;
    },
  };
}

const get = (url: string | URL, headers: Record<string, string> = {}) =>
  fetch(url, { headers, redirect: 'manual' });

const post = (url: string | URL, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });

const withQuery = (url: string, query: Record<string, string>) => `${url}?${new URLSearchParams(query)}`;

/** What a browser is sent back with. */
async function locationOf(url: string | URL): Promise<URL> {
  return new URL((await get(url)).headers.get('location') ?? '');
}

const contentOf = async (answer: Promise<Response>): Promise<Record<string, unknown>> =>
  (await answer).json() as Promise<Record<string, unknown>>;

/** A server of the tests, which is stopped after them. */
function use<Peer extends PeerControl>(start: () => Promise<Peer>): { readonly peer: Peer } {
  const used = {} as { peer: Peer };
  beforeAll(async () => {
    used.peer = await start();
  });
  beforeEach(() => {
    used.peer.recover();
    used.peer.requests.length = 0;
  });
  afterAll(() => used.peer.stop());
  return used;
}

describe('Every stand-in for a provider', () => {
  const used = use(() => startPeer(({ path }) => (path === '/me' ? json({ id: '1' }) : undefined)));

  it('keeps what it was asked, and knows no other path', async () => {
    expect(await contentOf(get(`${used.peer.url}/me?fields=id`))).toEqual({ id: '1' });
    expect((await post(`${used.peer.url}/other`, { a: 'b' })).status).toBe(404);

    expect(used.peer.requests).toMatchObject([
      { method: 'GET', path: '/me', body: '' },
      { method: 'POST', path: '/other', body: 'a=b' },
    ]);
    expect(used.peer.requests[0]?.query.get('fields')).toBe('id');
  });

  it('answers with an error page, half an answer or what a test wrote, until it recovers', async () => {
    used.peer.fail('/me', 503);
    expect((await get(`${used.peer.url}/me`)).status).toBe(503);
    used.peer.fail('/me', 'garbage');
    await expect(contentOf(get(`${used.peer.url}/me`))).rejects.toThrow(SyntaxError);
    used.peer.fail('/me', json({ id: 1 }, 201));
    expect((await get(`${used.peer.url}/me`)).status).toBe(201);
    used.peer.recover('/me');
    expect((await get(`${used.peer.url}/me`)).status).toBe(200);
  });

  it('answers with more than a client should read', async () => {
    used.peer.fail('/me', 'huge');
    const answer = await get(`${used.peer.url}/me`);

    let length = 0;
    for await (const chunk of answer.body ?? []) {
      length += chunk.length;
      if (length > 8 * 2 ** 20) break;
    }
    expect(length).toBeGreaterThan(8 * 2 ** 20);
    used.peer.recover();
    expect((await get(`${used.peer.url}/me`)).status).toBe(200);
  });

  it.each(['hang', 'stall'] as const)(
    'leaves a client waiting for the rest of an answer by %s',
    async (failure) => {
      used.peer.fail('/me', failure);
      const arrival = used.peer.arrival('/me');
      const asking = new AbortController();
      const answer = fetch(`${used.peer.url}/me`, { signal: asking.signal });

      expect(await arrival).toMatchObject({ path: '/me' });
      if (failure === 'stall') expect((await answer).status).toBe(200);
      const content = answer.then((begun) => begun.text());
      asking.abort();
      await expect(content).rejects.toMatchObject({ name: 'AbortError' });
    },
  );

  it('cuts a connection', async () => {
    used.peer.fail('/me', 'reset');
    await expect(get(`${used.peer.url}/me`)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  it('goes down, and comes back on the same port', async () => {
    await used.peer.goDown();
    await expect(get(`${used.peer.url}/me`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await used.peer.comeBack();
    expect((await get(`${used.peer.url}/me`)).status).toBe(200);
  });
});

describe('GitHub', () => {
  const clock = createClock();
  const used = use(() => startGitHub({ ...CREDENTIALS, redirectUris: [REDIRECT_URI], clock }));
  const ADA: GitHubUser = {
    id: 583_231,
    login: 'ada',
    name: null,
    emails: [
      { email: 'ada@example.com', primary: true, verified: true, visibility: 'private' },
      { email: 'ada@users.noreply.github.com', primary: false, verified: true, visibility: null },
    ],
  };

  const authorization = (query: Record<string, string> = {}, peer: GitHubPeer = used.peer) =>
    withQuery(`${peer.url}/login/oauth/authorize`, {
      client_id: CREDENTIALS.clientId,
      redirect_uri: REDIRECT_URI,
      scope: 'read:user user:email',
      state: STATE,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...query,
    });

  async function codeFor(user: GitHubUser, peer = used.peer, query = {}): Promise<string> {
    peer.signIn(user);
    return (await locationOf(authorization(query, peer))).searchParams.get('code') ?? '';
  }

  const exchange = (form: Record<string, string>, peer: GitHubPeer = used.peer) =>
    post(
      `${peer.url}/login/oauth/access_token`,
      {
        client_id: CREDENTIALS.clientId,
        client_secret: CREDENTIALS.clientSecret,
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
        ...form,
      },
      { accept: 'application/json' },
    );

  async function tokenFor(user: GitHubUser, peer = used.peer, query = {}): Promise<string> {
    const { access_token } = await contentOf(exchange({ code: await codeFor(user, peer, query) }, peer));
    return String(access_token);
  }

  it('gives a token that reads the profile and the addresses', async () => {
    used.peer.signIn(ADA);
    const location = await locationOf(authorization());
    expect(location.href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
    expect(location.searchParams.get('state')).toBe(STATE);

    const answer = await exchange({ code: location.searchParams.get('code') ?? '' });
    expect(answer.status).toBe(200);
    const token = (await answer.json()) as { access_token: string };
    expect(token).toEqual({
      access_token: expect.stringMatching(/^gho_\w{36}$/),
      token_type: 'bearer',
      scope: 'read:user,user:email',
    });

    const headers = { authorization: `Bearer ${token.access_token}` };
    for (const api of [used.peer.apiUrl, used.peer.enterpriseApiUrl]) {
      const profile = { id: 583_231, login: 'ada', name: null, email: null };
      expect(await contentOf(get(`${api}/user`, headers))).toMatchObject(profile);
      expect(await contentOf(get(`${api}/user/emails`, headers))).toEqual(ADA.emails);
    }
  });

  it('answers as a form where JSON is not asked for', async () => {
    const answer = await post(`${used.peer.url}/login/oauth/access_token`, { client_id: 'other' });

    expect(answer.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    expect(new URLSearchParams(await answer.text()).get('error')).toBe('incorrect_client_credentials');
  });

  it.each<[problem: string, form: Record<string, string>, error: string]>([
    ['another secret', { client_secret: 'other' }, 'incorrect_client_credentials'],
    ['another code', { code: 'other' }, 'bad_verification_code'],
    ['another redirect URI', { redirect_uri: `${REDIRECT_URI}/other` }, 'redirect_uri_mismatch'],
    ['another verifier', { code_verifier: 'other' }, 'bad_verification_code'],
  ])('refuses %s, with status 200', async (_problem, form, error) => {
    const answer = await exchange({ code: await codeFor(ADA), ...form });

    expect(answer.status).toBe(200);
    const error_uri = expect.stringContaining(`#${error.replaceAll('_', '-')}`);
    expect(await answer.json()).toEqual({ error, error_description: expect.any(String), error_uri });
  });

  it('takes a code once and for ten minutes', async () => {
    const refused = { error: 'bad_verification_code' };
    const code = await codeFor(ADA);
    expect(await contentOf(exchange({ code }))).toHaveProperty('access_token');
    expect(await contentOf(exchange({ code }))).toMatchObject(refused);

    const late = await codeFor(ADA);
    clock.advanceSeconds(600);
    expect(await contentOf(exchange({ code: late }))).toMatchObject(refused);
  });

  it('gives no token while the primary address is not verified', async () => {
    const [primary, ...others] = ADA.emails ?? [];
    const emails = primary ? [{ ...primary, verified: false }, ...others] : [];
    const code = await codeFor({ ...ADA, emails });

    expect(await contentOf(exchange({ code }))).toMatchObject({ error: 'unverified_user_email' });
  });

  it('sends a denial and a wrong redirect URI to the callback', async () => {
    used.peer.signIn(null);
    const denied = await locationOf(authorization());
    expect(Object.fromEntries(denied.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The user has denied your application access.',
      error_uri: expect.stringMatching(/#access-denied$/),
      state: STATE,
    });

    const elsewhere = await locationOf(authorization({ redirect_uri: 'https://evil.example/' }));
    expect(elsewhere.origin).toBe(new URL(REDIRECT_URI).origin);
    expect(elsewhere.searchParams.get('error')).toBe('redirect_uri_mismatch');
  });

  it('refuses a request without a User-Agent at the API', async () => {
    const [answer] = await once(request(`${used.peer.apiUrl}/user`).end(), 'response');

    expect(answer.statusCode).toBe(403);
    answer.resume();
  });

  it.each<[problem: string, headers: Record<string, string>, message: string]>([
    ['no token', {}, 'Requires authentication'],
    ['a token that it has not issued', { authorization: 'Bearer gho_other' }, 'Bad credentials'],
  ])('refuses %s at the API', async (_problem, headers, message) => {
    const answer = await get(`${used.peer.apiUrl}/user`, headers);

    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ message, status: '401' });
  });

  it('hides addresses from a token without the scope', async () => {
    const headers = { authorization: `Bearer ${await tokenFor(ADA, used.peer, { scope: 'read:user' })}` };

    expect((await get(`${used.peer.apiUrl}/user`, headers)).headers.get('x-oauth-scopes')).toBe('read:user');
    const answer = await get(`${used.peer.apiUrl}/user/emails`, headers);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ message: 'Not Found', status: '404' });
  });

  it('gives the addresses by pages of thirty', async () => {
    const emails = Array.from({ length: 31 }, (_, number) => ({
      email: `ada-${number}@example.com`,
      primary: number === 30,
      verified: true,
      visibility: null,
    }));
    const headers = { authorization: `Bearer ${await tokenFor({ ...ADA, emails })}` };

    const first = await get(`${used.peer.apiUrl}/user/emails`, headers);
    expect(await first.json()).toEqual(emails.slice(0, 30));
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '') ?? [];
    expect(await contentOf(get(next, headers))).toEqual(emails.slice(30));
    expect(await contentOf(get(`${used.peer.apiUrl}/user/emails?per_page=100`, headers))).toEqual(emails);
  });

  describe('as a GitHub App', () => {
    const app = use(() =>
      startGitHub({
        ...CREDENTIALS,
        redirectUris: [REDIRECT_URI],
        kind: 'github-app',
        mayReadEmails: false,
        clock,
      }),
    );

    it('gives tokens that expire and are refreshed once', async () => {
      const issued = await contentOf(exchange({ code: await codeFor(ADA, app.peer) }, app.peer));
      expect(issued).toMatchObject({
        access_token: expect.stringMatching(/^ghu_/),
        expires_in: 28_800,
        refresh_token: expect.stringMatching(/^ghr_/),
        refresh_token_expires_in: 15_897_600,
        scope: '',
      });
      const user = (token: unknown) => get(`${app.peer.apiUrl}/user`, { authorization: `Bearer ${token}` });
      clock.advanceSeconds(28_800);
      expect((await user(issued.access_token)).status).toBe(401);

      const form = { grant_type: 'refresh_token', refresh_token: String(issued.refresh_token) };
      const refreshed = await contentOf(exchange(form, app.peer));
      expect((await user(refreshed.access_token)).status).toBe(200);
      expect(await contentOf(exchange(form, app.peer))).toMatchObject({ error: 'bad_refresh_token' });
    });

    it('shows addresses with the permission alone', async () => {
      const headers = { authorization: `Bearer ${await tokenFor(ADA, app.peer)}` };

      expect((await get(`${app.peer.apiUrl}/user/emails`, headers)).status).toBe(403);
    });
  });
});

describe('Facebook', () => {
  const used = use(() =>
    startFacebook({ ...CREDENTIALS, redirectUris: [REDIRECT_URI], requiresProof: true }),
  );
  const ADA = { id: '10158', name: 'Ada Lovelace', email: 'ada@example.com' };

  const dialog = (query: Record<string, string> = {}) =>
    withQuery(`${used.peer.url}/v25.0/dialog/oauth`, {
      client_id: CREDENTIALS.clientId,
      redirect_uri: REDIRECT_URI,
      state: STATE,
      scope: 'public_profile,email',
      ...query,
    });

  async function tokenFor(user: Parameters<FacebookPeer['signIn']>[0]): Promise<string> {
    used.peer.signIn(user);
    const code = (await locationOf(dialog())).searchParams.get('code') ?? '';
    const { access_token } = await contentOf(get(exchange({ code })));
    return String(access_token);
  }

  const parametersOf = (form: Record<string, string>) => ({
    client_id: CREDENTIALS.clientId,
    client_secret: CREDENTIALS.clientSecret,
    redirect_uri: REDIRECT_URI,
    ...form,
  });
  const exchange = (form: Record<string, string>) =>
    withQuery(`${used.peer.url}/v25.0/oauth/access_token`, parametersOf(form));

  const me = (accessToken: string, query: Record<string, string> = {}) =>
    get(
      withQuery(`${used.peer.url}/v25.0/me`, {
        fields: 'id,name,email',
        access_token: accessToken,
        appsecret_proof: createHmac('sha256', CREDENTIALS.clientSecret).update(accessToken).digest('hex'),
        ...query,
      }),
    );

  it('gives a token that reads the profile', async () => {
    used.peer.signIn(ADA);
    const location = await locationOf(dialog());
    expect(location.hash).toBe('#_=_');
    expect(location.searchParams.get('state')).toBe(STATE);

    const form = parametersOf({ code: location.searchParams.get('code') ?? '' });
    const token = await contentOf(post(`${used.peer.url}/v25.0/oauth/access_token`, form));
    expect(token).toEqual({
      access_token: expect.stringMatching(/^EAA/),
      token_type: 'bearer',
      expires_in: 5_184_000,
    });
    expect(await contentOf(me(String(token.access_token)))).toEqual(ADA);
  });

  it.each<[problem: string, user: typeof ADA | { email?: string }]>([
    ['there is none', { email: undefined } as object],
    ['the person keeps it', { declines: ['email'] } as object],
  ])('leaves the email out where %s', async (_problem, details) => {
    const token = await tokenFor({ ...ADA, ...details });

    expect(await contentOf(me(token))).toEqual({ id: '10158', name: 'Ada Lovelace' });
  });

  it('sends a denial to the callback', async () => {
    used.peer.signIn(null);
    const { search } = await locationOf(dialog());

    expect(search).toBe(
      `?error=access_denied&error_code=200&error_description=Permissions+error&error_reason=user_denied&state=${STATE}`,
    );
  });

  it.each<[problem: string, form: Record<string, string>, error: object]>([
    ['another secret', { client_secret: 'other' }, { code: 1 }],
    ['another code', { code: 'other' }, { code: 100 }],
    ['another redirect URI', { redirect_uri: `${REDIRECT_URI}/other` }, { code: 100, error_subcode: 36008 }],
  ])('refuses %s with an error of the Graph API', async (_problem, form, error) => {
    used.peer.signIn(ADA);
    const code = (await locationOf(dialog())).searchParams.get('code') ?? '';
    const answer = await get(exchange({ code, ...form }));

    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: {
        message: expect.any(String),
        type: 'OAuthException',
        fbtrace_id: expect.any(String),
        ...error,
      },
    });
  });

  it('takes a code once', async () => {
    used.peer.signIn(ADA);
    const code = (await locationOf(dialog())).searchParams.get('code') ?? '';
    await get(exchange({ code }));

    const error = { message: 'This authorization code has been used.', code: 100, error_subcode: 36009 };
    expect(await contentOf(get(exchange({ code })))).toMatchObject({ error });
  });

  it('refuses a wrong proof, a missing one where it is required, and an unknown field', async () => {
    const token = await tokenFor(ADA);
    const message = 'Invalid appsecret_proof provided in the API argument';
    const error = { message, type: 'GraphMethodException', code: 100 };
    expect(await contentOf(me(token, { appsecret_proof: 'other' }))).toMatchObject({ error });
    expect((await me(token, { fields: 'id,verified' })).status).toBe(400);
    expect((await me('EAAother')).status).toBe(400);

    const bare = await get(withQuery(`${used.peer.url}/me`, { access_token: token }));
    expect(bare.status).toBe(400);
  });

  it('does not send a browser to a redirect URI that it does not know', async () => {
    expect((await get(dialog({ redirect_uri: 'https://evil.example/' }))).status).toBe(400);
  });
});

/** Signs in with openid-client, which holds the answers against the standards. */
async function signInWith(
  config: client.Configuration,
  parameters: Record<string, string> = {},
): Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers> {
  const location = await locationOf(authorizationOf(config, parameters));
  return client.authorizationCodeGrant(config, location, CHECKS);
}

const CHECKS = {
  expectedState: STATE,
  expectedNonce: NONCE,
  pkceCodeVerifier: VERIFIER,
  idTokenExpected: true,
};

const authorizationOf = (config: client.Configuration, parameters: Record<string, string> = {}) =>
  client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid email profile',
    state: STATE,
    nonce: NONCE,
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...parameters,
  });

/** The signatures of ID tokens are checked as well, though the flow does not ask for it. */
async function discover(
  issuer: string,
  authentication = client.ClientSecretPost(CREDENTIALS.clientSecret),
  id = CREDENTIALS.clientId,
): Promise<client.Configuration> {
  const config = await client.discovery(new URL(issuer), id, undefined, authentication, INSECURE);
  client.enableNonRepudiationChecks(config);
  return config;
}

describe('Google', () => {
  const clock = createClock();
  const used = use(() => startGoogle({ ...CREDENTIALS, redirectUris: [REDIRECT_URI], clock }));
  const ADA = {
    sub: '110169484474386276334',
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    givenName: 'Ada',
    familyName: 'Lovelace',
    picture: 'https://lh3.googleusercontent.com/a/ada',
    hd: 'example.com',
  };
  const PROFILE = {
    sub: ADA.sub,
    email: 'ada@example.com',
    email_verified: true,
    hd: 'example.com',
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    picture: ADA.picture,
  };

  beforeEach(() => {
    used.peer.signIn(ADA);
    used.peer.tamperIdTokens();
  });

  it.each<[name: string, authentication: client.ClientAuth]>([
    ['client_secret_post', client.ClientSecretPost(CREDENTIALS.clientSecret)],
    ['client_secret_basic', client.ClientSecretBasic(CREDENTIALS.clientSecret)],
  ])('signs a person in by %s', async (_name, authentication) => {
    const config = await discover(used.peer.issuer, authentication);
    const tokens = await signInWith(config);

    expect(tokens.claims()).toMatchObject({
      ...PROFILE,
      iss: used.peer.url,
      aud: CREDENTIALS.clientId,
      azp: CREDENTIALS.clientId,
      nonce: NONCE,
    });
    expect(await client.fetchUserInfo(config, tokens.access_token, ADA.sub)).toEqual(PROFILE);
  });

  it('gives a refresh token with access_type=offline, at the first consent or one asked for', async () => {
    const config = await discover(used.peer.issuer);
    used.peer.signIn({ ...ADA, sub: '2' });
    const offline = { access_type: 'offline' };

    expect(await signInWith(config, offline)).toHaveProperty('refresh_token');
    expect(await signInWith(config, offline)).not.toHaveProperty('refresh_token');
    expect(await signInWith(config, { prompt: 'consent' })).not.toHaveProperty('refresh_token');
    const { refresh_token } = await signInWith(config, { ...offline, prompt: 'consent' });
    const refreshed = await client.refreshTokenGrant(config, refresh_token ?? '');
    expect(refreshed).toMatchObject({ expires_in: 3599 });
    await client.tokenRevocation(config, refresh_token ?? '');
    await expect(client.refreshTokenGrant(config, refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('sends a denial to the callback, with its issuer', async () => {
    const config = await discover(used.peer.issuer);
    used.peer.signIn(null);
    const location = await locationOf(authorizationOf(config));

    expect(location.searchParams.get('iss')).toBe(used.peer.issuer);
    await expect(client.authorizationCodeGrant(config, location, CHECKS)).rejects.toMatchObject({
      error: 'access_denied',
    });
  });

  it.each(['unannounced', 'absent'] as const)(
    'signs a person in with an issuer that is %s',
    async (issParameter) => {
      const peer = await startGoogle({ ...CREDENTIALS, redirectUris: [REDIRECT_URI], issParameter });
      peer.signIn(ADA);
      const config = await discover(peer.issuer);
      const announced = 'authorization_response_iss_parameter_supported';
      expect(config.serverMetadata()).not.toHaveProperty(announced);
      const location = await locationOf(authorizationOf(config));
      expect(location.searchParams.has('iss')).toBe(issParameter === 'unannounced');

      await client.authorizationCodeGrant(config, location, CHECKS);
      await peer.stop();
    },
  );

  it('takes a code once, for ten minutes, and from the client that has its verifier', async () => {
    const config = await discover(used.peer.issuer);
    const refused = { error: 'invalid_grant' };
    const location = await locationOf(authorizationOf(config));
    await client.authorizationCodeGrant(config, location, CHECKS);
    await expect(client.authorizationCodeGrant(config, location, CHECKS)).rejects.toMatchObject(refused);

    const stolen = await locationOf(authorizationOf(config));
    const checks = { ...CHECKS, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await expect(client.authorizationCodeGrant(config, stolen, checks)).rejects.toMatchObject(refused);

    const late = await locationOf(authorizationOf(config));
    clock.advanceSeconds(600);
    await expect(client.authorizationCodeGrant(config, late, CHECKS)).rejects.toMatchObject(refused);
  });

  it('refuses another secret and another redirect URI', async () => {
    const config = await discover(used.peer.issuer, client.ClientSecretPost('other'));
    await expect(signInWith(config)).rejects.toMatchObject({ error: 'invalid_client', status: 401 });

    const elsewhere = authorizationOf(config, { redirect_uri: 'https://evil.example/' });
    expect((await get(elsewhere)).status).toBe(400);
  });

  it('signs with a new key after a rotation, and publishes the one before', async () => {
    const keysOf = async () => (await contentOf(get(`${used.peer.url}/oauth2/v3/certs`))).keys as object[];
    const [before] = await keysOf();
    await used.peer.rotateKeys();

    expect(await keysOf()).toEqual([expect.not.objectContaining(before ?? {}), before]);
    await signInWith(await discover(used.peer.issuer));
  });

  it.each<[problem: string, tampering: Tampering, code: string]>([
    ['is for another client', { claims: (claims) => ({ ...claims, aud: 'other' }) }, WRONG_CLAIM],
    ['has another nonce', { claims: (claims) => ({ ...claims, nonce: 'other' }) }, WRONG_CLAIM],
    [
      'is of another issuer',
      { claims: (claims) => ({ ...claims, iss: 'https://evil.example' }) },
      WRONG_CLAIM,
    ],
    [
      'has expired',
      { claims: (claims) => ({ ...claims, exp: Number(claims.iat) - DAY_SECONDS }) },
      'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
    ],
    ['is signed with a foreign key', { foreignKey: true }, 'OAUTH_INVALID_RESPONSE'],
  ])('gives an ID token that %s if a test asks for it', async (_problem, tampering, code) => {
    const config = await discover(used.peer.issuer);
    used.peer.tamperIdTokens(tampering);

    await expect(signInWith(config)).rejects.toMatchObject({ code });
    used.peer.tamperIdTokens();
    await signInWith(config);
  });

  it('gives the app on a phone an ID token for the web client', async () => {
    const token = await used.peer.nativeIdToken({ user: ADA, androidClientId: 'on-android', nonce: NONCE });
    const keys = createRemoteJWKSet(new URL(`${used.peer.url}/oauth2/v3/certs`));

    const { payload } = await jwtVerify(token, keys, {
      issuer: used.peer.issuer,
      audience: CREDENTIALS.clientId,
      currentDate: new Date(clock.now()),
    });
    expect(payload).toMatchObject({ ...PROFILE, azp: 'on-android', nonce: NONCE });
  });
});

describe('Apple', () => {
  const used = use(() => startApple({ redirectUris: [REDIRECT_URI] }));
  const ADA = {
    sub: '001234.abcdef.0123',
    email: 'dpdcnf87nu@privaterelay.appleid.com',
    firstName: 'Ada',
    lastName: 'Lovelace',
  };

  beforeEach(() => {
    used.peer.stopUsing(ADA.sub);
    used.peer.signIn(ADA);
  });

  interface Secret {
    readonly key?: KeyObject;
    readonly keyId?: string;
    readonly lifetimeSeconds?: number;
    readonly claims?: Record<string, string>;
  }

  async function clientSecret({ key, keyId, lifetimeSeconds = 300, claims }: Secret = {}): Promise<string> {
    const { teamId, clientId, issuer, privateKey } = used.peer;
    return new SignJWT({ iss: teamId, sub: clientId, aud: issuer, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: keyId ?? used.peer.keyId })
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
      .sign(key ?? (await importPKCS8(privateKey, 'ES256')));
  }

  const configure = async (secret: Secret = {}) =>
    discover(used.peer.issuer, client.ClientSecretPost(await clientSecret(secret)), used.peer.clientId);

  /** What a browser posts to the callback, as a request of this test. */
  async function callbackOf(config: client.Configuration): Promise<Request> {
    const parameters = { scope: 'name email', response_mode: 'form_post' };
    const answer = await get(authorizationOf(config, parameters));
    expect(answer.status).toBe(200);
    const { action, fields } = readFormPost(await answer.text());
    return new Request(action, { method: 'POST', body: fields });
  }

  const userOf = async (callback: Request) => new URLSearchParams(await callback.clone().text()).get('user');

  it('signs a person in by form_post, and says the name the first time', async () => {
    const config = await configure();
    const first = await callbackOf(config);
    expect(first.url).toBe(REDIRECT_URI);
    expect(JSON.parse((await userOf(first)) ?? '')).toEqual({
      name: { firstName: 'Ada', lastName: 'Lovelace' },
      email: ADA.email,
    });
    const tokens = await client.authorizationCodeGrant(config, first, CHECKS);
    expect(tokens).toMatchObject({
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: expect.any(String),
    });
    expect(tokens.claims()).toMatchObject({
      iss: used.peer.issuer,
      aud: used.peer.clientId,
      sub: ADA.sub,
      email: ADA.email,
      email_verified: true,
      nonce: NONCE,
      nonce_supported: true,
      auth_time: expect.any(Number),
    });

    const second = await callbackOf(config);
    expect(await userOf(second)).toBeNull();
    expect((await client.authorizationCodeGrant(config, second, CHECKS)).claims()?.email).toBe(ADA.email);
  });

  it('says as text whether an address is verified, if a test asks for it', async () => {
    used.peer.signIn({ ...ADA, emailVerified: 'true', isPrivateEmail: 'true' });
    const config = await configure();
    const tokens = await client.authorizationCodeGrant(config, await callbackOf(config), CHECKS);

    expect(tokens.claims()).toMatchObject({ email_verified: 'true', is_private_email: 'true' });
  });

  it('insists on form_post for the name and the email', async () => {
    const config = await configure();

    const answer = await get(authorizationOf(config, { scope: 'name email' }));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(
      'response_mode must be form_post when name or email scope is requested.',
    );
    const { searchParams } = await locationOf(authorizationOf(config, { scope: 'openid' }));
    expect(searchParams.get('code')).not.toBeNull();
  });

  it('posts to the callback that a person has cancelled', async () => {
    const config = await configure();
    used.peer.signIn(null);

    await expect(
      client.authorizationCodeGrant(config, await callbackOf(config), CHECKS),
    ).rejects.toMatchObject({
      error: 'user_cancelled_authorize',
    });
  });

  it.each<[problem: string, secret: () => Secret]>([
    [
      'signed with another key',
      () => ({ key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
    ],
    ['of another key id', () => ({ keyId: 'KEYOTHER00' })],
    ['of another team', () => ({ claims: { iss: 'TEAMOTHER0' } })],
    ['of another client', () => ({ claims: { sub: 'com.example.other' } })],
    ['for another audience', () => ({ claims: { aud: 'https://evil.example' } })],
    ['that has expired', () => ({ lifetimeSeconds: -1 })],
    ['that is valid for more than six months', () => ({ lifetimeSeconds: 190 * DAY_SECONDS })],
  ])('refuses a client secret %s', async (_problem, secret) => {
    const config = await configure(secret());

    await expect(
      client.authorizationCodeGrant(config, await callbackOf(config), CHECKS),
    ).rejects.toMatchObject({
      error: 'invalid_client',
    });
  });

  it('refuses another redirect URI with the code', async () => {
    const form = {
      client_id: used.peer.clientId,
      client_secret: await clientSecret(),
      grant_type: 'authorization_code',
      redirect_uri: `${REDIRECT_URI}/other`,
      code: new URLSearchParams(await (await callbackOf(await configure())).text()).get('code') ?? '',
    };

    const refused = { error: 'invalid_client' };
    expect(await contentOf(post(`${used.peer.url}/auth/token`, form))).toEqual(refused);
  });

  it('takes a code once, and its refresh token stays until it is revoked', async () => {
    const config = await configure();
    const callback = await callbackOf(config);
    const { refresh_token = '' } = await client.authorizationCodeGrant(config, callback.clone(), CHECKS);
    await expect(client.authorizationCodeGrant(config, callback, CHECKS)).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: 'The code has already been used.',
    });

    const refreshed = await client.refreshTokenGrant(config, refresh_token);
    expect(refreshed).not.toHaveProperty('refresh_token');
    expect(refreshed.claims()?.sub).toBe(ADA.sub);
    await client.tokenRevocation(config, refresh_token);
    await expect(client.refreshTokenGrant(config, refresh_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('signs with a new key after a rotation', async () => {
    await used.peer.rotateKeys();
    const config = await configure();

    await client.authorizationCodeGrant(config, await callbackOf(config), CHECKS);
    const keys = await contentOf(get(`${used.peer.url}/auth/keys`));
    expect(keys.keys).toHaveLength(2);
  });
});

describe('Microsoft', () => {
  const CONTOSO = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490';
  const used = use(() =>
    startMicrosoft({
      ...CREDENTIALS,
      redirectUris: [REDIRECT_URI],
      tenants: [CONTOSO],
      domains: { 'contoso.onmicrosoft.com': CONTOSO },
    }),
  );
  const ADA = {
    tid: CONTOSO,
    oid: '00000000-0000-0000-66f3-3332eca7ea81',
    name: 'Ada Lovelace',
    preferredUsername: 'ada@contoso.com',
    email: 'ada@contoso.com',
  };
  const AT_HOME = { ...ADA, tid: PERSONAL_TENANT, preferredUsername: 'ada@outlook.com' };

  beforeEach(() => used.peer.signIn(ADA));

  const discovery = (tenant: string) =>
    contentOf(get(`${used.peer.authority(tenant)}/.well-known/openid-configuration`));

  const keysOf = async (tenant: string) => {
    const { jwks_uri } = await discovery(tenant);
    return (await contentOf(get(String(jwks_uri)))).keys as { kid: string; issuer: string }[];
  };

  it('signs a person in at their tenant', async () => {
    const config = await discover(used.peer.authority(CONTOSO));
    const tokens = await signInWith(config);

    const claims = tokens.claims();
    expect(claims).toEqual({
      ver: '2.0',
      iss: used.peer.authority(CONTOSO),
      aud: CREDENTIALS.clientId,
      sub: expect.any(String),
      tid: CONTOSO,
      oid: ADA.oid,
      name: 'Ada Lovelace',
      preferred_username: 'ada@contoso.com',
      email: 'ada@contoso.com',
      nonce: NONCE,
      iat: expect.any(Number),
      nbf: expect.any(Number),
      exp: expect.any(Number),
      uti: expect.any(String),
      rh: expect.any(String),
    });
    expect(tokens).not.toHaveProperty('refresh_token');
    const profile = await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '');
    expect(profile).toMatchObject({ email: 'ada@contoso.com' });
  });

  it('gives a refresh token with offline_access', async () => {
    const config = await discover(used.peer.authority(CONTOSO));
    const { refresh_token = '' } = await signInWith(config, { scope: 'openid offline_access' });

    expect(await client.refreshTokenGrant(config, refresh_token)).toMatchObject({ expires_in: 3599 });
  });

  it.each<[tenant: string, issuer: string]>([
    ['common', '{tenantid}'],
    ['organizations', '{tenantid}'],
    ['consumers', PERSONAL_TENANT],
    [CONTOSO, CONTOSO],
    ['contoso.onmicrosoft.com', CONTOSO],
  ])('says the issuer of %s', async (tenant, issuer) => {
    expect((await discovery(tenant)).issuer).toBe(used.peer.authority(issuer));
  });

  it('knows no tenant but its own', async () => {
    const answer = await get(
      `${used.peer.authority('fabrikam.onmicrosoft.com')}/.well-known/openid-configuration`,
    );

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
  });

  it('publishes keys that say whose tokens they sign, and no algorithm', async () => {
    const ofWork = used.peer.authority('{tenantid}');
    const ofPersonal = used.peer.authority(PERSONAL_TENANT);
    const issuersOf = async (tenant: string) => (await keysOf(tenant)).map(({ issuer }) => issuer);

    expect(await issuersOf('common')).toEqual([ofWork, ofPersonal]);
    expect(await issuersOf('organizations')).toEqual([ofWork]);
    expect(await issuersOf('consumers')).toEqual([ofPersonal]);
    expect((await keysOf('common'))[0]).not.toHaveProperty('alg');
  });

  it.each<[kind: string, user: typeof ADA]>([
    ['of work', ADA],
    ['of home', AT_HOME],
  ])('signs in an account %s for all tenants, whose token names its own', async (_kind, user) => {
    used.peer.signIn(user);
    const { authorization_endpoint, token_endpoint, jwks_uri } = await discovery('common');
    const query = { client_id: CREDENTIALS.clientId, redirect_uri: REDIRECT_URI, response_type: 'code' };
    const location = await locationOf(
      withQuery(String(authorization_endpoint), { ...query, scope: 'openid profile', state: STATE }),
    );
    const { id_token } = await contentOf(
      post(String(token_endpoint), {
        client_id: CREDENTIALS.clientId,
        client_secret: CREDENTIALS.clientSecret,
        grant_type: 'authorization_code',
        redirect_uri: REDIRECT_URI,
        code: location.searchParams.get('code') ?? '',
      }),
    );

    const { payload, protectedHeader } = await jwtVerify(
      String(id_token),
      createRemoteJWKSet(new URL(String(jwks_uri))),
      { issuer: used.peer.authority(user.tid), audience: CREDENTIALS.clientId, algorithms: ['RS256'] },
    );
    expect(payload).toMatchObject({ tid: user.tid, oid: user.oid });
    const key = (await keysOf('common')).find(({ kid }) => kid === protectedHeader.kid);
    expect(key?.issuer.replace('{tenantid}', user.tid)).toBe(payload.iss);
  });

  it.each([true, '1', 1])('says whether the domain of the email is verified as %p', async (xmsEdov) => {
    used.peer.signIn({ ...ADA, xmsEdov } as typeof ADA);
    const { id_token } = await signInWith(await discover(used.peer.authority(CONTOSO)));

    expect(decodeJwt(id_token ?? '')).toHaveProperty('xms_edov', xmsEdov);
  });

  it('sends to the callback that a person has cancelled, or has not consented', async () => {
    const config = await discover(used.peer.authority(CONTOSO));
    used.peer.signIn(null);
    expect(Object.fromEntries((await locationOf(authorizationOf(config))).searchParams)).toEqual({
      error: 'access_denied',
      error_subcode: 'cancel',
      error_description: 'the user canceled the authentication',
      state: STATE,
    });

    used.peer.signIn({ ...ADA, declinesConsent: true } as typeof ADA);
    const location = await locationOf(authorizationOf(config));
    await expect(client.authorizationCodeGrant(config, location, CHECKS)).rejects.toMatchObject({
      error: 'consent_required',
      error_description: expect.stringMatching(/^AADSTS65004: User declined to consent/),
    });
  });

  it('admits no personal account where organizations are asked for', async () => {
    used.peer.signIn(AT_HOME);
    const { authorization_endpoint } = await discovery('organizations');
    const query = { client_id: CREDENTIALS.clientId, redirect_uri: REDIRECT_URI, response_type: 'code' };

    expect((await get(withQuery(String(authorization_endpoint), query))).status).toBe(400);
  });

  it('refuses a code that was redeemed, another verifier and another secret with AADSTS errors', async () => {
    const config = await discover(used.peer.authority(CONTOSO));
    const location = await locationOf(authorizationOf(config));
    await client.authorizationCodeGrant(config, location, CHECKS);
    await expect(client.authorizationCodeGrant(config, location, CHECKS)).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringMatching(/^AADSTS54005: .*\r\nTrace ID: /),
    });

    const stolen = await locationOf(authorizationOf(config));
    const checks = { ...CHECKS, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await expect(client.authorizationCodeGrant(config, stolen, checks)).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringMatching(/^AADSTS501481: /),
    });

    const other = await discover(used.peer.authority(CONTOSO), client.ClientSecretPost('other'));
    await expect(signInWith(other)).rejects.toMatchObject({
      error: 'invalid_client',
      status: 401,
      error_description: expect.stringMatching(/^AADSTS7000215: /),
    });
  });

  it('answers by form_post where it is asked to', async () => {
    const config = await discover(used.peer.authority(CONTOSO));
    const answer = await get(authorizationOf(config, { response_mode: 'form_post' }));

    const { action, fields } = readFormPost(await answer.text());
    const callback = new Request(action, { method: 'POST', body: fields });
    await client.authorizationCodeGrant(config, callback, CHECKS);
  });
});
