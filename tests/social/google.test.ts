import { describe, expect, it } from '@jest/globals';
import type { TestClock } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import {
  type Callback,
  CLIENT,
  callbackOf,
  googleEnv,
  locationOf,
  openBrowser,
  parametersOf,
  useSocialApp,
} from '../support/social-browser.ts';
import { describeFailures } from '../support/social-failures.ts';
import {
  causesOf,
  eventsOf,
  expectCannotGoOn,
  expectNothingCreated,
  expectSentBack,
  identitiesOf,
} from '../support/social-outcomes.ts';
import { type GoogleOptions, type GoogleUser, startGoogle } from '../support/social-peers/google.ts';
import type { Claims, Tampering } from '../support/social-peers/id-tokens.ts';
import { type Failure, json } from '../support/social-peers/peer.ts';

const ADA: GoogleUser = { sub: '108', email: 'Ada@Example.com', name: 'Ada Lovelace' };
const ANDROID = 'android-app.apps.googleusercontent.com';
const HOUR_SECONDS = 3_600;

const startOf =
  (options: Partial<GoogleOptions> = {}) =>
  (clock: TestClock) =>
    startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock, ...options });

let people = 0;

/** A person who has not been here yet. */
function aGoogleUser(details: Partial<GoogleUser> = {}): GoogleUser {
  people++;
  return { sub: `1080${people}`, email: `person-${people}@example.com`, ...details };
}

describeFailures({
  provider: 'google',
  start: startOf(),
  env: googleEnv,
  signIn: (peer) => peer.signIn(aGoogleUser()),
  discoveryPath: '/.well-known/openid-configuration',
  paths: ['/token', '/oauth2/v3/certs'],
});

describe('Google', () => {
  const used = useSocialApp({
    start: startOf(),
    env: (peer) => ({ ...googleEnv(peer), GOOGLE_NATIVE_CLIENT_IDS: ANDROID }),
  });

  /** A browser that has signed in at Google, and its way back. */
  async function beginAndVisit(user: GoogleUser | null = aGoogleUser()) {
    used.peer.signIn(user);
    const browser = openBrowser(used.app);
    const callback = await browser.visit(locationOf(await browser.begin('google')));
    return { browser, callback };
  }

  it('makes an account with the verified address and the name', async () => {
    const { app, peer, clock } = used;
    peer.signIn(ADA);
    const { user, access_token: token } = await openBrowser(app).enter('google');

    expect(user).toMatchObject({ email: 'Ada@Example.com', email_verified: true, name: 'Ada Lovelace' });
    expect(claimsIn(token)).toMatchObject({ amr: ['fed'], auth_time: Math.floor(clock.now() / 1000) });
    const now = new Date(clock.now());
    expect(await identitiesOf(app, user.id)).toEqual([
      {
        id: expect.any(String),
        userId: user.id,
        provider: 'google',
        issuer: peer.issuer,
        subject: '108',
        email: 'Ada@Example.com',
        tokens: null,
        refreshingUntil: null,
        createdAt: now,
        lastUsedAt: now,
      },
    ]);
    expect(await eventsOf(app, user.id)).toEqual([
      ['user.signed_up', {}],
      ['identity.linked', { provider: 'google' }],
      ['login.succeeded', { method: 'social', provider: 'google' }],
    ]);
  });

  it('signs in to the same account from then on, whatever has become of the address', async () => {
    const { app, peer, clock } = used;
    const user = aGoogleUser();
    peer.signIn(user);
    const first = await openBrowser(app).enter('google');
    clock.advanceSeconds(60);
    peer.signIn({ ...user, email: 'another@example.com', name: 'Another Name' });
    const second = await openBrowser(app).enter('google');

    expect(second.user).toEqual(first.user);
    expect(await identitiesOf(app, first.user.id)).toMatchObject([
      { email: 'another@example.com', lastUsedAt: new Date(clock.now()) },
    ]);
  });

  it('asks for what it needs with state, nonce and PKCE, and for no refresh token', async () => {
    const begun = await openBrowser(used.app).begin('google', {
      prompt: 'select_account',
      login_hint: 'ada@example.com',
    });
    const url = locationOf(begun);

    expect(url.origin + url.pathname).toBe(`${used.peer.url}/o/oauth2/v2/auth`);
    const random = expect.stringMatching(/^[\w-]{43}$/);
    expect(parametersOf(url)).toEqual({
      client_id: CLIENT.clientId,
      redirect_uri: callbackOf('google'),
      response_type: 'code',
      scope: 'openid email profile',
      state: random,
      nonce: random,
      code_challenge: random,
      code_challenge_method: 'S256',
      prompt: 'select_account',
      login_hint: 'ada@example.com',
    });
  });

  it('takes only a boolean, or the text of one, for a verified address', async () => {
    const { app, peer } = used;
    const seen: unknown[] = [];
    for (const verified of [true, 'true', false, 'false', 1, '1', 'yes', 'TRUE', null, [true], undefined]) {
      peer.signIn(aGoogleUser());
      peer.tamperIdTokens({ claims: (claims) => ({ ...claims, email_verified: verified }) });
      const { user } = await openBrowser(app).enter('google');
      if (user.email_verified) seen.push(verified);
    }
    peer.tamperIdTokens();
    expect(seen).toEqual([true, 'true']);
  });

  it('asks the userinfo endpoint for an address that is not in the ID token, and no other person', async () => {
    const { app, peer } = used;
    const user = aGoogleUser({ name: 'Grace Hopper' });
    const withoutEmail = ({ email: _email, email_verified: _verified, ...claims }: Claims) => claims;
    peer.tamperIdTokens({ claims: withoutEmail });
    peer.signIn(user);
    const signedIn = await openBrowser(app).enter('google');
    expect(signedIn.user).toMatchObject({ email: user.email, email_verified: true, name: 'Grace Hopper' });

    peer.fail('/v1/userinfo', json({ sub: 'another', email: 'ada@example.com', email_verified: true }));
    const { browser, callback } = await beginAndVisit();
    expectSentBack(await browser.comeBack(callback), 'provider_error');
    peer.tamperIdTokens();
  });

  it('leads back with access_denied where the person declines', async () => {
    const { browser, callback } = await beginAndVisit(null);
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'access_denied'),
    );
  });

  it('signs in as of the time when Google asked for a password', async () => {
    const { app, peer, clock } = used;
    const now = Math.floor(clock.now() / 1000);
    const seen: unknown[] = [];
    for (const authTime of [now - HOUR_SECONDS, now + HOUR_SECONDS, 1e300, -1e300, 'yesterday', null]) {
      peer.signIn(aGoogleUser());
      peer.tamperIdTokens({ claims: (claims) => ({ ...claims, auth_time: authTime }) });
      const { access_token: token } = await openBrowser(app).enter('google');
      seen.push(claimsIn(token).auth_time);
    }
    peer.tamperIdTokens();
    expect(seen).toEqual([now - HOUR_SECONDS, now, now, now, now, now]);
  });

  it('takes no answer without a code', async () => {
    const { browser, callback } = await beginAndVisit();
    callback.url.searchParams.delete('code');
    expectSentBack(await browser.comeBack(callback), 'provider_error');
  });

  it('takes an answer with an error and a code for an error', async () => {
    const { browser, callback } = await beginAndVisit();
    callback.url.searchParams.set('error', 'temporarily_unavailable');
    expectSentBack(await browser.comeBack(callback), 'provider_unavailable');
  });

  it('takes no code twice', async () => {
    const { app } = used;
    const { browser, callback } = await beginAndVisit();
    const cookies = [...browser.jar];
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);

    expectCannotGoOn(await browser.comeBack(callback));
    // Nor with a copy of the cookie.
    const thief = openBrowser(app);
    for (const [name, value] of cookies) thief.jar.set(name, value);
    await expectNothingCreated(app, async () => expectCannotGoOn(await thief.comeBack(callback)));
  });

  it('takes no code that Google did not give, and none after ten minutes', async () => {
    const made = await beginAndVisit();
    made.callback.url.searchParams.set('code', '4/0Amade-up');
    expectSentBack(await made.browser.comeBack(made.callback), 'provider_error');

    const { browser, callback } = await beginAndVisit();
    used.clock.advanceSeconds(600);
    const late = await browser.comeBack(callback);
    expect(late.status).toBe(400);
    expect(late.text).toContain('It took longer than ten minutes');
  });

  it('goes on after Google has changed its keys', async () => {
    const { app, peer, clock } = used;
    for (let rotation = 0; rotation < 3; rotation++) {
      peer.signIn(aGoogleUser());
      await openBrowser(app).enter('google');
      await peer.rotateKeys();
      clock.advanceSeconds(1);
    }
    // Two people who come at once, with a key that is new to the service.
    const callbacks = [await beginAndVisit(), await beginAndVisit()];
    await peer.rotateKeys();
    clock.advanceSeconds(1);
    const pages = await Promise.all(callbacks.map(({ browser, callback }) => browser.comeBack(callback)));
    for (const page of pages) await openBrowser(app).exchange(locationOf(page)).expect(200);
  });

  it('asks for the keys once a second at most, however many tokens name unknown ones', async () => {
    const { peer, clock } = used;
    const askedFor = () => peer.requests.filter(({ path }) => path === '/oauth2/v3/certs').length;
    const before = askedFor();
    clock.advanceSeconds(1);
    peer.tamperIdTokens({ header: { kid: 'made-up' } });
    for (let token = 0; token < 3; token++) {
      const { browser, callback } = await beginAndVisit();
      expectSentBack(await browser.comeBack(callback), 'provider_error');
    }
    expect(askedFor() - before).toBe(1);
    clock.advanceSeconds(1);
    const { browser, callback } = await beginAndVisit();
    expectSentBack(await browser.comeBack(callback), 'provider_error');
    expect(askedFor() - before).toBe(2);
    peer.tamperIdTokens();
  });

  const changed = (changes: Claims): Tampering => ({ claims: (claims) => ({ ...claims, ...changes }) });
  const shifted = (name: string, seconds: number): Tampering => ({
    claims: (claims) => ({ ...claims, [name]: Math.floor(used.clock.now() / 1000) + seconds }),
  });

  it.each<[problem: string, tampering: () => Tampering]>([
    ['signed with a key of another', () => ({ foreignKey: true })],
    ['of another issuer', () => changed({ iss: 'https://accounts.example.com' })],
    ['for another client', () => changed({ aud: 'another-client' })],
    ["for the client of the app's phone", () => changed({ aud: ANDROID, azp: ANDROID })],
    ['for no client', () => changed({ aud: undefined })],
    [
      'for several clients, without saying who asked',
      () => changed({ aud: [CLIENT.clientId, 'another'], azp: undefined }),
    ],
    ['that another client asked for', () => changed({ azp: 'another-client' })],
    ['with another nonce', () => changed({ nonce: 'another' })],
    ['without a nonce', () => changed({ nonce: undefined })],
    ['that has expired', () => shifted('exp', -60)],
    ['without an end', () => changed({ exp: undefined })],
    ['of the future', () => shifted('iat', 61)],
    ['without a beginning', () => changed({ iat: undefined })],
    ['without a subject', () => changed({ sub: undefined })],
    ['whose subject is empty', () => changed({ sub: '' })],
    ['whose subject is a number', () => changed({ sub: 108 })],
    ['whose subject is an object', () => changed({ sub: { id: 108 } })],
    ['whose subject is too long', () => changed({ sub: '1'.repeat(256) })],
    ['whose subject has a NUL', () => changed({ sub: '10\u00008' })],
  ])('refuses an ID token %s', async (_problem, tampering) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.tamperIdTokens(tampering());
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'provider_error'),
    );
    used.peer.tamperIdTokens();
  });

  it.each<[what: string, tampering: () => Tampering]>([
    ['the issuer without its scheme', () => changed({ iss: used.peer.issuer.replace('http://', '') })],
    [
      'several audiences, for the one who asked',
      () => changed({ aud: [CLIENT.clientId, 'another'], azp: CLIENT.clientId }),
    ],
    ['a clock that is a minute ahead', () => shifted('iat', 60)],
    ['a clock that is a minute behind', () => shifted('exp', -59)],
  ])('takes an ID token with %s', async (_what, tampering) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.tamperIdTokens(tampering());
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    used.peer.tamperIdTokens();
  });

  it.each<[answer: string, failure: Failure, cause: string]>([
    [
      'an error of OAuth',
      json({ error: 'invalid_client', error_description: 'The OAuth client\nwas not found.' }, 401),
      'the provider answers invalid_client: The OAuth clientwas not found.',
    ],
    ['an error page', 418, 'the provider answers with status 418'],
    ['a text', { status: 200, body: 'ya29-a-token' }, 'something went wrong: the answer is no JSON'],
    [
      'an answer without the type of its token',
      json({ access_token: 'ya29-a-token', id_token: 'a.b.c' }),
      'invalid response encountered: "response" body "token_type" property must be a string',
    ],
    [
      'no ID token',
      json({ access_token: 'ya29-a-token', token_type: 'bearer' }),
      'the token endpoint has given no ID token',
    ],
  ])('has in the log why the answer was refused, but no secret: %s', async (_answer, failure, cause) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.fail('/token', failure);
    const before = used.app.logs.lines.length;
    const causes = await causesOf(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'provider_error'),
    );
    expect(causes.join()).toContain(cause);
    expect(used.app.logs.lines.slice(before).join()).not.toContain('ya29');
  });

  it('keeps a code that Google repeats in its error out of the log', async () => {
    const { browser, callback } = await beginAndVisit();
    const code = callback.url.searchParams.get('code');
    used.peer.fail(
      '/token',
      json({ error: 'invalid_grant', error_description: `Code ${code} is bad.` }, 400),
    );
    const causes = await causesOf(used.app, () => browser.comeBack(callback));
    expect(causes).toEqual(['the provider answers invalid_grant: Code … is bad.']);
  });
});

describe('The discovery document of Google', () => {
  const used = useSocialApp({ start: startOf(), env: googleEnv });
  const DISCOVERY = '/.well-known/openid-configuration';
  const askedFor = () => used.peer.requests.filter(({ path }) => path === DISCOVERY).length;
  const begin = async () => locationOf(await openBrowser(used.app).begin('google'));

  it('is read once by all who come first', async () => {
    await Promise.all(Array.from({ length: 5 }, begin));
    expect(askedFor()).toBe(1);
  });

  it('is read again after an hour, and the old one is good as long as there is no new one', async () => {
    const { peer, clock } = used;
    const before = askedFor();
    clock.advanceSeconds(HOUR_SECONDS - 1);
    await begin();
    expect(askedFor() - before).toBe(0);
    clock.advanceSeconds(1);
    for (const failure of [503, 'garbage', json({ issuer: 'https://evil.example' })] as const) {
      peer.fail(DISCOVERY, failure);
      expect((await begin()).origin).toBe(peer.url);
    }
    expect(askedFor() - before).toBe(3);

    peer.recover();
    const current = (await (await fetch(peer.url + DISCOVERY)).json()) as object;
    const moved = { ...current, authorization_endpoint: 'http://127.0.0.1:9/moved' };
    peer.fail(DISCOVERY, json(moved));
    expect((await begin()).pathname).toBe('/moved');
  });
});

describe('The issuer in the response of Google (RFC 9207)', () => {
  const OTHER = 'https://accounts.example.com';

  describe.each(['announced', 'unannounced', 'absent'] as const)(
    'where the parameter is %s',
    (issParameter) => {
      const used = useSocialApp({ start: startOf({ issParameter }), env: googleEnv });

      async function comeBackWith(change: (callback: Callback) => void) {
        used.peer.signIn(aGoogleUser());
        const browser = openBrowser(used.app);
        const callback = await browser.visit(locationOf(await browser.begin('google')));
        change(callback);
        return browser.comeBack(callback);
      }

      it('signs in with what Google sends', async () => {
        const back = await comeBackWith(() => {});
        await openBrowser(used.app).exchange(locationOf(back)).expect(200);
      });

      it('refuses the response of another provider', async () => {
        const back = await comeBackWith(({ url }) => url.searchParams.set('iss', OTHER));
        expectSentBack(back, 'provider_error');
      });

      it('refuses a response that names two issuers', async () => {
        const back = await comeBackWith(({ url }) => {
          url.searchParams.set('iss', used.peer.issuer);
          url.searchParams.append('iss', OTHER);
        });
        expect(back.status).toBe(400);
      });

      it(`${issParameter === 'announced' ? 'refuses' : 'takes'} a response without one`, async () => {
        const back = await comeBackWith(({ url }) => url.searchParams.delete('iss'));
        if (issParameter === 'announced') expectSentBack(back, 'provider_error');
        else await openBrowser(used.app).exchange(locationOf(back)).expect(200);
      });
    },
  );
});

describe('Google, where tokens are kept', () => {
  const used = useSocialApp({
    start: startOf(),
    env: (peer) => ({
      ...googleEnv(peer),
      STORE_PROVIDER_TOKENS: 'true',
      ACCESS_TOKEN_TTL_SECONDS: '86400',
      GOOGLE_SCOPES: 'https://www.example.com/calendar',
    }),
  });

  it('is asked for a refresh token, and for consent, without which it gives none', async () => {
    const browser = openBrowser(used.app);
    expect(parametersOf(locationOf(await browser.begin('google')))).toMatchObject({
      access_type: 'offline',
      prompt: 'consent',
      scope: 'openid email profile https://www.example.com/calendar',
    });
    const begun = await browser.begin('google', { prompt: 'select_account' });
    expect(parametersOf(locationOf(begun)).prompt).toBe('select_account consent');
  });

  it('gives a token that is renewed, with the same refresh token each time', async () => {
    const { app, peer, clock } = used;
    peer.signIn(aGoogleUser());
    const { user, access_token: token } = await openBrowser(app).enter('google');
    const [identity] = await identitiesOf(app, user.id);
    const renewals = () => peer.requests.filter(({ body }) => body.includes('grant_type=refresh_token'));
    async function providerToken() {
      const answer = app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });
      return (await answer.expect(200)).body;
    }

    const first = await providerToken();
    expect(first).toEqual({
      access_token: expect.stringMatching(/^ya29/),
      expires_at: new Date(clock.now() + 3599_000).toISOString(),
      scope: expect.stringContaining('https://www.example.com/calendar'),
    });
    expect(await providerToken()).toEqual(first);
    const seen = [first.access_token];
    for (let renewal = 0; renewal < 2; renewal++) {
      clock.advanceSeconds(3599 - 60);
      seen.push((await providerToken()).access_token);
    }
    expect(new Set(seen).size).toBe(3);
    expect(renewals()).toHaveLength(2);
    expect(renewals()[0]?.body).toBe(renewals()[1]?.body);
  });

  it('keeps its tokens when a phone signs in by an ID token, which brings none', async () => {
    const { app, peer } = used;
    const user = aGoogleUser();
    peer.signIn(user);
    const inBrowser = await openBrowser(app).enter('google');
    const [before] = await identitiesOf(app, inBrowser.user.id);
    const idToken = await peer.nativeIdToken({ user, androidClientId: CLIENT.clientId, nonce: 'a-nonce' });
    await app.post('/login/google/id-token').send({ id_token: idToken, nonce: 'a-nonce' }).expect(200);
    const [after] = await identitiesOf(app, inBrowser.user.id);
    expect(after?.tokens).toEqual(expect.any(String));
    expect(after?.tokens).toBe(before?.tokens);
  });

  it('takes the scope for the same where the answer to a refresh does not name it', async () => {
    const { app, peer, clock } = used;
    peer.signIn(aGoogleUser());
    const { user, access_token: token } = await openBrowser(app).enter('google');
    const [identity] = await identitiesOf(app, user.id);
    clock.advanceSeconds(3599);
    peer.fail('/token', json({ access_token: 'ya29-next', token_type: 'Bearer', expires_in: 3599 }));
    const answer = await app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });
    expect(answer.body).toMatchObject({
      access_token: 'ya29-next',
      scope: expect.stringContaining('openid'),
    });
  });

  it.each([
    ['3e11', 'that is a date of no calendar'],
    ['1e20', 'that is no date'],
  ])(
    'says of a token that is good for %s seconds, %s, that it does not know when it ends',
    async (seconds) => {
      const { app, peer, clock } = used;
      peer.signIn(aGoogleUser());
      const { user, access_token: token } = await openBrowser(app).enter('google');
      const [identity] = await identitiesOf(app, user.id);
      clock.advanceSeconds(3599);
      peer.fail(
        '/token',
        json({ access_token: 'ya29-next', token_type: 'Bearer', expires_in: Number(seconds) }),
      );
      const answer = app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });
      expect((await answer.expect(200)).body).toMatchObject({ access_token: 'ya29-next', expires_at: null });
    },
  );
});
