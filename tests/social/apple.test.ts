import { describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { TestClock } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { refusalOf } from '../support/codes.ts';
import { sessionCookieIn, setCookiesIn } from '../support/cookies.ts';
import {
  APP_PAGE,
  appleEnv,
  callbackOf,
  locationOf,
  openBrowser,
  parametersOf,
  type SignedIn,
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
import { type AppleUser, startApple } from '../support/social-peers/apple.ts';
import { json } from '../support/social-peers/peer.ts';

const start = (clock: TestClock) => startApple({ redirectUris: [callbackOf('apple')], clock });

let people = 0;

/** Somebody who has not been here yet. */
function anAppleUser(details: Partial<AppleUser> = {}): AppleUser {
  people++;
  return {
    sub: `001234.${people}`,
    email: `relay-${people}@privaterelay.appleid.com`,
    firstName: 'Ada',
    lastName: 'Lovelace',
    ...details,
  };
}

describeFailures({
  provider: 'apple',
  start,
  env: appleEnv,
  signIn: (peer) => peer.signIn(anAppleUser()),
  discoveryPath: '/.well-known/openid-configuration',
  paths: ['/auth/token', '/auth/keys'],
  isBrief: true,
});

describe('Apple', () => {
  const used = useSocialApp({ start, env: appleEnv });

  async function beginAndVisit(user: AppleUser | null = anAppleUser()) {
    used.peer.signIn(user);
    const browser = openBrowser(used.app);
    const { url, form = new URLSearchParams() } = await browser.visit(
      locationOf(await browser.begin('apple')),
    );
    return { browser, callback: { url, form } };
  }

  it('makes an account with the address in the ID token and the name beside the code', async () => {
    const { app, peer, clock } = used;
    const visitor = anAppleUser();
    peer.signIn(visitor);
    const { user, access_token: token } = await openBrowser(app).enter('apple');

    expect(user).toMatchObject({ email: visitor.email, email_verified: true, name: 'Ada Lovelace' });
    expect(claimsIn(token)).toMatchObject({ amr: ['fed'], auth_time: Math.floor(clock.now() / 1000) });
    expect(await identitiesOf(app, user.id)).toMatchObject([
      { provider: 'apple', issuer: peer.issuer, subject: visitor.sub, email: visitor.email, tokens: null },
    ]);
    expect(await eventsOf(app, user.id)).toEqual([
      ['user.signed_up', {}],
      ['identity.linked', { provider: 'apple' }],
      ['login.succeeded', { method: 'social', provider: 'apple' }],
    ]);
    // Apple says the name once.
    const again = await beginAndVisit(visitor);
    expect(again.callback.form.has('user')).toBe(false);
    const { body } = await again.browser.exchange(locationOf(await again.browser.comeBack(again.callback)));
    expect(body.user).toEqual(user);
  });

  it('asks for a form, with state and nonce', async () => {
    const url = locationOf(await openBrowser(used.app).begin('apple'));
    expect(url.origin + url.pathname).toBe(`${used.peer.url}/auth/authorize`);
    const random = expect.stringMatching(/^[\w-]{43}$/);
    expect(parametersOf(url)).toMatchObject({
      client_id: used.peer.clientId,
      redirect_uri: callbackOf('apple'),
      response_type: 'code',
      response_mode: 'form_post',
      scope: 'openid email name',
      state: random,
      nonce: random,
    });
  });

  it('shows who it is by a secret that it signs for five minutes', async () => {
    const { peer, clock } = used;
    const { browser, callback } = await beginAndVisit();
    await browser.comeBack(callback);
    const exchange = peer.requests.findLast(({ path }) => path === '/auth/token');
    expect(exchange?.headers.authorization).toBeUndefined();
    const secret = new URLSearchParams(exchange?.body).get('client_secret') ?? '';
    const now = Math.floor(clock.now() / 1000);
    expect(decodeProtectedHeader(secret)).toEqual({ alg: 'ES256', kid: peer.keyId });
    expect(decodeJwt(secret)).toEqual({
      iss: peer.teamId,
      sub: peer.clientId,
      aud: peer.issuer,
      iat: now,
      exp: now + 300,
    });
  });

  it('takes the form of another site, with which no cookie comes, on to a request with cookies', async () => {
    const { app } = used;
    const { browser, callback } = await beginAndVisit();
    expect([...browser.jar.keys()]).toEqual([expect.stringMatching(/^latchkey-pending-/)]);
    const posted = await app.post(callback.url.pathname).type('form').send(callback.form.toString());
    expect(posted.status).toBe(303);
    expect(setCookiesIn(posted)).toEqual([]);
    const next = locationOf(posted);
    expect(next.origin + next.pathname).toBe(callbackOf('apple'));
    expect(parametersOf(next)).toEqual(Object.fromEntries(callback.form));

    // Without the cookie of the browser that began, it is nobody's.
    const stranger = await openBrowser(app).comeBack(callback);
    expect(stranger.status).toBe(400);
    expect(stranger.text).toContain('This sign-in cannot go on here');
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
  });

  it('begins in a cookie that no form of another site sends', async () => {
    const [cookie = ''] = setCookiesIn(await openBrowser(used.app).begin('apple'));
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax$/);
  });

  it('signs in with a cookie', async () => {
    const { app } = used;
    used.peer.signIn(anAppleUser());
    const browser = openBrowser(app);
    const begun = await browser.begin('apple', { transport: 'cookie' });
    const back = await browser.comeBack(await browser.visit(locationOf(begun)));
    expect(locationOf(back).href).toBe(APP_PAGE);
    await app.get('/me').set('Cookie', sessionCookieIn(back)).expect(200);
  });

  it.each<[what: string, emailVerified: unknown, isVerified: boolean]>([
    ['true', true, true],
    ['"true"', 'true', true],
    ['false', false, false],
    ['"false"', 'false', false],
    ['1', 1, false],
    ['"1"', '1', false],
    ['"yes"', 'yes', false],
    ['null', null, false],
    ['an object', { verified: true }, false],
    ['nothing', undefined, false],
  ])('reads email_verified: %s', async (_what, emailVerified, isVerified) => {
    const { app, peer } = used;
    peer.signIn(anAppleUser());
    peer.tamperIdTokens({ claims: (claims) => ({ ...claims, email_verified: emailVerified }) });
    const { user } = await openBrowser(app).enter('apple');
    peer.tamperIdTokens();
    expect(user.email_verified).toBe(isVerified);
  });

  it.each<[what: string, user: string, name: string | null]>([
    ['both names', '{"name":{"firstName":"Grace","lastName":"Hopper"}}', 'Grace Hopper'],
    ['the first one', '{"name":{"firstName":"Grace"}}', 'Grace'],
    ['the last one', '{"name":{"firstName":"","lastName":"Hopper"}}', 'Hopper'],
    ['names that are no text', '{"name":{"firstName":5,"lastName":{}}}', null],
    ['a name that is a text', '{"name":"Grace"}', null],
    ['no name', '{}', null],
    ['no names', '{"name":null}', null],
    ['a list', '[]', null],
    ['null', 'null', null],
    ['no JSON', '{"name":', null],
    ['nothing', '', null],
    ['a name that controls the text', '{"name":{"firstName":"Gra\\u202ece"}}', null],
    ['a name without end', `{"name":{"firstName":"${'a'.repeat(2000)}"}}`, null],
    ['what belongs to every object', '{"__proto__":{"name":{"firstName":"Grace"}}}', null],
  ])('reads the user beside the code: %s', async (_what, text, name) => {
    const visitor = anAppleUser();
    const { browser, callback } = await beginAndVisit(visitor);
    callback.form.set('user', text);
    const { body } = await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    expect(body.user).toMatchObject({ email: visitor.email, name });
  });

  it('takes no address from there, which is not signed', async () => {
    const { app } = used;
    const victim = 'victim@example.com';
    const { browser, callback } = await beginAndVisit(anAppleUser({ email: undefined as never }));
    callback.form.set('user', JSON.stringify({ email: victim, email_verified: true, sub: '1' }));
    await expectNothingCreated(app, async () =>
      expectSentBack(await browser.comeBack(callback), 'email_required'),
    );
  });

  it('shows a page where the form is far too large', async () => {
    const { browser, callback } = await beginAndVisit();
    callback.form.set('user', 'a'.repeat(5_000));
    const answer = await browser.comeBack(callback);
    expect(answer.status).toBe(400);
    expect(answer.type).toBe('text/html');
  });

  it('leads back with access_denied where the person cancels', async () => {
    const { browser, callback } = await beginAndVisit(null);
    expect(callback.form.get('error')).toBe('user_cancelled_authorize');
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'access_denied'),
    );
  });

  it('signs in as of the time when Apple asked', async () => {
    const { clock } = used;
    const { browser, callback } = await beginAndVisit();
    const askedAt = Math.floor(clock.now() / 1000);
    clock.advanceSeconds(120);
    const { body } = await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    expect(claimsIn(body.access_token).auth_time).toBe(askedAt);
  });

  it('takes no code after five minutes, and none twice', async () => {
    const { clock } = used;
    const late = await beginAndVisit();
    clock.advanceSeconds(300);
    const causes = await causesOf(used.app, () =>
      expectNothingCreated(used.app, async () =>
        expectSentBack(await late.browser.comeBack(late.callback), 'provider_error'),
      ),
    );
    expect(causes).toEqual(['the provider answers invalid_grant: The code has expired or has been revoked.']);

    const { browser, callback } = await beginAndVisit();
    const cookies = [...browser.jar];
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    const thief = openBrowser(used.app);
    for (const [name, value] of cookies) thief.jar.set(name, value);
    expectCannotGoOn(await thief.comeBack(callback));
  });

  it('goes on after Apple has changed its keys', async () => {
    const { app, peer, clock } = used;
    for (let rotation = 0; rotation < 3; rotation++) {
      peer.signIn(anAppleUser());
      await openBrowser(app).enter('apple');
      await peer.rotateKeys();
      clock.advanceSeconds(1);
    }
  });

  it('takes a person for the same one after they have taken the app out of their account', async () => {
    const { app, peer } = used;
    const visitor = anAppleUser();
    peer.signIn(visitor);
    const first = await openBrowser(app).enter('apple');
    peer.stopUsing(visitor.sub);
    peer.signIn({ ...visitor, firstName: 'Augusta' });
    const again = await openBrowser(app).enter('apple');
    expect(again.user).toEqual(first.user);
  });

  it('knows a person under both names of Apple, whichever its documents and its tokens have', async () => {
    const { app, peer } = used;
    const visitor = anAppleUser();
    peer.signIn(visitor);
    const first = await openBrowser(app).enter('apple');
    const changed = await used.startBeside({});
    const document = await (await fetch(`${peer.url}/.well-known/openid-configuration`)).json();
    const renamed = { ...(document as object), issuer: 'https://account.apple.com' };
    peer.fail('/.well-known/openid-configuration', json(renamed));
    expect((await openBrowser(changed).enter('apple')).user).toEqual(first.user);
    peer.tamperIdTokens({ claims: (claims) => ({ ...claims, iss: 'https://account.apple.com' }) });
    for (const service of [app, changed]) {
      expect((await openBrowser(service).enter('apple')).user).toEqual(first.user);
    }
    peer.tamperIdTokens({ claims: (claims) => ({ ...claims, iss: 'https://account.apple.com.example' }) });
    const page = await openBrowser(app).signIn('apple');
    peer.tamperIdTokens();
    expect(page.searchParams.get('error')).toBe('provider_error');
    expect(await identitiesOf(app, first.user.id)).toMatchObject([{ issuer: peer.issuer }]);
  });

  it('has in the log that its key is not the one of Apple', async () => {
    const other = await startApple({ redirectUris: [] });
    const app = await used.startBeside({ APPLE_PRIVATE_KEY: other.privateKey });
    await other.stop();
    const browser = openBrowser(app);
    used.peer.signIn(anAppleUser());
    const callback = await browser.visit(locationOf(await browser.begin('apple')));
    const causes = await causesOf(app, async () =>
      expectSentBack(await browser.comeBack(callback), 'provider_error'),
    );
    expect(causes).toEqual(['the provider answers invalid_client']);
  });
});

describe('The form with which a provider leads back', () => {
  const used = useSocialApp({ start, env: appleEnv });

  it('is refused where it is none, and for a provider that there is not', async () => {
    const { app } = used;
    const asJson = await app.post('/login/apple/callback').send({ state: 'a', code: 'b' });
    expect([asJson.status, asJson.type]).toEqual([415, 'text/html']);
    const unknown = await app.post('/login/none/callback').type('form').send('state=a&code=b');
    expect([unknown.status, unknown.type]).toEqual([404, 'text/html']);
  });

  it('leads on with nothing but what an answer consists of', async () => {
    const { app } = used;
    const sent = new URLSearchParams({
      state: 'a&b=c',
      code: 'd#e',
      return_to: 'https://evil.example',
      x: 'y',
    });
    const posted = await app.post('/login/apple/callback').type('form').send(sent.toString());
    expect(locationOf(posted).href.startsWith(`${callbackOf('apple')}?`)).toBe(true);
    expect(parametersOf(locationOf(posted))).toEqual({ state: 'a&b=c', code: 'd#e' });
  });
});

describe('Apple, where tokens are kept', () => {
  const used = useSocialApp({
    start,
    env: (peer) => ({ ...appleEnv(peer), STORE_PROVIDER_TOKENS: 'true', ACCESS_TOKEN_TTL_SECONDS: '86400' }),
  });

  it('renews a token with a new secret and the same refresh token', async () => {
    const { app, peer, clock } = used;
    peer.signIn(anAppleUser());
    const { user, access_token: token }: SignedIn = await openBrowser(app).enter('apple');
    const [identity] = await identitiesOf(app, user.id);
    const ask = () => app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });
    const seen = [(await ask()).body.access_token];
    for (let hour = 0; hour < 2; hour++) {
      clock.advanceSeconds(3_600);
      seen.push((await ask()).body.access_token);
    }
    expect(new Set(seen).size).toBe(3);
    const forms = peer.requests
      .filter(({ body }) => body.includes('grant_type=refresh_token'))
      .map(({ body }) => new URLSearchParams(body));
    expect(new Set(forms.map((form) => form.get('refresh_token'))).size).toBe(1);
    expect(new Set(forms.map((form) => form.get('client_secret'))).size).toBe(2);

    clock.advanceSeconds(3_600);
    peer.fail('/auth/token', json({ error: 'invalid_grant' }, 400));
    expect(refusalOf(await ask())).toBe('409 provider_access_ended');
  });
});
