import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { TestClock } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { refusalOf } from '../support/codes.ts';
import { aPerson, signUp } from '../support/people.ts';
import {
  CLIENT,
  callbackOf,
  facebookEnv,
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
import { type FacebookUser, startFacebook } from '../support/social-peers/facebook.ts';
import { type Failure, json } from '../support/social-peers/peer.ts';

const TOKEN_PATH = '/v25.0/oauth/access_token';
const PROFILE_PATH = '/v25.0/me';

const start = (clock: TestClock) =>
  startFacebook({ ...CLIENT, redirectUris: [callbackOf('facebook')], requiresProof: true, clock });

let people = 0;

/** A user of Facebook who has not been here yet. */
function aFacebookUser(details: Partial<FacebookUser> = {}): FacebookUser {
  people++;
  return { id: `1016${people}`, name: 'Ada Lovelace', email: `facebook-${people}@example.com`, ...details };
}

describeFailures({
  provider: 'facebook',
  start,
  env: facebookEnv,
  signIn: (peer) => peer.signIn(aFacebookUser()),
  paths: [TOKEN_PATH, PROFILE_PATH],
  isBrief: true,
});

describe('Facebook', () => {
  const used = useSocialApp({ start, env: facebookEnv });

  async function beginAndVisit(user: FacebookUser | null = aFacebookUser()) {
    used.peer.signIn(user);
    const browser = openBrowser(used.app);
    const callback = await browser.visit(locationOf(await browser.begin('facebook')));
    return { browser, callback };
  }

  it('makes an account with the name, and with an address that is not verified', async () => {
    const { app, peer, clock } = used;
    const visitor = aFacebookUser();
    peer.signIn(visitor);
    const { user, access_token: token } = await openBrowser(app).enter('facebook');

    expect(user).toMatchObject({ email: visitor.email, email_verified: false, name: 'Ada Lovelace' });
    expect(claimsIn(token)).toMatchObject({ amr: ['fed'], auth_time: Math.floor(clock.now() / 1000) });
    expect(await identitiesOf(app, user.id)).toMatchObject([
      { provider: 'facebook', issuer: peer.url, subject: visitor.id, email: visitor.email, tokens: null },
    ]);
    expect(await eventsOf(app, user.id)).toEqual([
      ['user.signed_up', {}],
      ['identity.linked', { provider: 'facebook' }],
      ['login.succeeded', { method: 'social', provider: 'facebook' }],
    ]);
    peer.signIn({ ...visitor, name: 'Ada King', email: 'another@example.com' });
    expect((await openBrowser(app).enter('facebook')).user).toEqual(user);
  });

  it('asks for what it needs with state', async () => {
    const url = locationOf(await openBrowser(used.app).begin('facebook'));
    expect(url.origin + url.pathname).toBe(`${used.peer.url}/v25.0/dialog/oauth`);
    expect(parametersOf(url)).toMatchObject({
      client_id: CLIENT.clientId,
      redirect_uri: callbackOf('facebook'),
      response_type: 'code',
      scope: 'public_profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('proves to the Graph API that it has the secret', async () => {
    const { browser, callback } = await beginAndVisit();
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    const { query, headers } = used.peer.requests.at(-1) ?? {};
    const token = headers?.authorization?.replace('Bearer ', '') ?? '';
    expect(token).toMatch(/^EAA/);
    expect(Object.fromEntries(query ?? [])).toEqual({
      fields: 'id,name,email',
      appsecret_proof: createHmac('sha256', CLIENT.clientSecret).update(token).digest('hex'),
    });
  });

  it.each<[what: string, details: Partial<FacebookUser>]>([
    ['has taken the permission away', { declines: ['email'] }],
    ['has none that Facebook has confirmed', { email: undefined as never }],
    ['has one that is empty', { email: '' }],
  ])('has no address of a person who %s', async (_what, details) => {
    const { browser, callback } = await beginAndVisit(aFacebookUser(details));
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'email_required'),
    );
  });

  it('takes no word of Facebook for a verified address', async () => {
    const { app, peer } = used;
    const visitor = aFacebookUser();
    peer.fail(PROFILE_PATH, json({ ...visitor, verified: true, email_verified: true, is_verified: true }));
    peer.signIn(visitor);
    const { user } = await openBrowser(app).enter('facebook');
    expect(user.email_verified).toBe(false);
  });

  it('never signs in to an account that has the same address', async () => {
    const { app } = used;
    const person = await signUp(app, aPerson());
    const { browser, callback } = await beginAndVisit(aFacebookUser({ email: person.email }));
    await expectNothingCreated(app, async () =>
      expectSentBack(await browser.comeBack(callback), 'account_exists'),
    );
    await app.store.users.verifyEmail(person.id, person.email, new Date(used.clock.now()));
    const again = await beginAndVisit(aFacebookUser({ email: person.email }));
    expectSentBack(await again.browser.comeBack(again.callback), 'account_exists');
    expect(await identitiesOf(app, person.id)).toEqual([]);
  });

  it('leads back with access_denied where the person declines', async () => {
    const { browser, callback } = await beginAndVisit(null);
    expect(callback.url.searchParams.get('error_reason')).toBe('user_denied');
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'access_denied'),
    );
  });

  it('takes no code twice', async () => {
    const { browser, callback } = await beginAndVisit();
    const cookies = [...browser.jar];
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    const thief = openBrowser(used.app);
    for (const [name, value] of cookies) thief.jar.set(name, value);
    expectCannotGoOn(await thief.comeBack(callback));
  });

  it.each<[what: string, path: string, failure: Failure, cause: string]>([
    [
      'another secret',
      TOKEN_PATH,
      json({ error: { message: 'Error validating client secret.', type: 'OAuthException', code: 1 } }, 400),
      'the provider answers OAuthException: Error validating client secret.',
    ],
    ['an error without words', TOKEN_PATH, json({ error: {} }, 400), 'the provider answers invalid_request'],
    [
      'another proof',
      PROFILE_PATH,
      json({ error: { message: 'Invalid appsecret_proof', type: 'GraphMethodException', code: 100 } }, 400),
      'GET /v25.0/me answers 400: Invalid appsecret_proof',
    ],
    ['no id', PROFILE_PATH, json({ name: 'Ada' }), 'GET /me has no id'],
    ['a number for an id', PROFILE_PATH, json({ id: 1016 }), 'GET /me has no id'],
  ])('has in the log what was wrong: %s', async (_what, path, failure, cause) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.fail(path, failure);
    const causes = await causesOf(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'provider_error'),
    );
    expect(causes).toEqual([cause]);
  });
});

describe('Facebook, where tokens are kept', () => {
  const used = useSocialApp({
    start,
    env: (peer) => ({
      ...facebookEnv(peer),
      STORE_PROVIDER_TOKENS: 'true',
      FACEBOOK_SCOPES: 'user_birthday',
      ACCESS_TOKEN_TTL_SECONDS: '86400',
    }),
  });

  it('gives a token until it ends, which nothing renews', async () => {
    const { app, peer, clock } = used;
    peer.signIn(aFacebookUser());
    const asked = locationOf(await openBrowser(app).begin('facebook'));
    expect(asked.searchParams.get('scope')).toBe('public_profile email user_birthday');
    // Those of Facebook last for two months.
    peer.fail(TOKEN_PATH, json({ access_token: 'EAA-short', token_type: 'bearer', expires_in: 600 }));
    peer.fail(PROFILE_PATH, json({ id: '1', name: 'Ada', email: 'short@example.com' }));
    const { user, access_token: token } = await openBrowser(app).enter('facebook');
    const [identity] = await identitiesOf(app, user.id);
    const ask = () => app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });

    const expiresAt = new Date(clock.now() + 600_000).toISOString();
    const good = { access_token: 'EAA-short', expires_at: expiresAt, scope: null };
    expect((await ask()).body).toEqual(good);
    clock.advanceSeconds(599);
    expect((await ask()).body).toEqual(good);
    clock.advanceSeconds(1);
    expect(refusalOf(await ask())).toBe('409 provider_access_ended');
  });
});
