import { describe, expect, it } from '@jest/globals';
import type { TestApp, TestClock } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { refusalOf } from '../support/codes.ts';
import {
  CLIENT,
  callbackOf,
  githubEnv,
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
import {
  type GitHubEmail,
  type GitHubOptions,
  type GitHubUser,
  startGitHub,
} from '../support/social-peers/github.ts';
import { type Failure, json } from '../support/social-peers/peer.ts';

const TOKEN_PATH = '/login/oauth/access_token';
const DAY_SECONDS = 86_400;
/** Of a token of a GitHub App. */
const LIFETIME_SECONDS = 28_800;

const startOf =
  (options: Partial<GitHubOptions> = {}) =>
  (clock: TestClock) =>
    startGitHub({ ...CLIENT, redirectUris: [callbackOf('github')], clock, ...options });

let people = 0;

/** A user of GitHub who has not been here yet. */
function aGitHubUser(details: Partial<GitHubUser> = {}): GitHubUser {
  people++;
  return {
    id: 583_000 + people,
    login: `user-${people}`,
    emails: [anEmail(`github-${people}@example.com`)],
    ...details,
  };
}

function anEmail(email: string, details: Partial<GitHubEmail> = {}): GitHubEmail {
  return { email, primary: true, verified: true, visibility: null, ...details };
}

describeFailures({
  provider: 'github',
  start: startOf(),
  env: githubEnv,
  signIn: (peer) => peer.signIn(aGitHubUser()),
  paths: [TOKEN_PATH, '/user', '/user/emails'],
  // An account here needs no address.
  except: ['/user/emails an empty list', '/user/emails 404'],
});

describe('GitHub', () => {
  const used = useSocialApp({ start: startOf({ refusesUnverifiedEmail: false }), env: githubEnv });

  async function beginAndVisit(user: GitHubUser | null = aGitHubUser()) {
    used.peer.signIn(user);
    const browser = openBrowser(used.app);
    const callback = await browser.visit(locationOf(await browser.begin('github')));
    return { browser, callback };
  }

  it('makes an account with the primary address and the name', async () => {
    const { app, peer, clock } = used;
    const emails = [
      anEmail('old@example.com', { primary: false }),
      anEmail('Ada@Example.com', { visibility: 'private' }),
      anEmail('ada@users.noreply.github.com', { primary: false }),
    ];
    peer.signIn({ id: 583_231, login: 'ada', name: 'Ada Lovelace', email: 'shown@example.com', emails });
    const { user, access_token: token } = await openBrowser(app).enter('github');

    expect(user).toMatchObject({ email: 'Ada@Example.com', email_verified: true, name: 'Ada Lovelace' });
    expect(claimsIn(token)).toMatchObject({ amr: ['fed'], auth_time: Math.floor(clock.now() / 1000) });
    expect(await identitiesOf(app, user.id)).toMatchObject([
      { provider: 'github', issuer: peer.url, subject: '583231', email: 'Ada@Example.com', tokens: null },
    ]);
    expect(await eventsOf(app, user.id)).toEqual([
      ['user.signed_up', {}],
      ['identity.linked', { provider: 'github' }],
      ['login.succeeded', { method: 'social', provider: 'github' }],
    ]);
    // What GitHub wants of each request to its API.
    const [profile, addresses] = peer.requests.slice(-2);
    expect(profile?.headers['user-agent']).toBe('Latchkey');
    expect(addresses?.query.get('per_page')).toBe('100');
  });

  it('asks for what it needs with state and PKCE', async () => {
    const url = locationOf(await openBrowser(used.app).begin('github', { login_hint: 'ada' }));
    expect(url.origin + url.pathname).toBe(`${used.peer.url}/login/oauth/authorize`);
    const random = expect.stringMatching(/^[\w-]{43}$/);
    expect(parametersOf(url)).toEqual({
      client_id: CLIENT.clientId,
      redirect_uri: callbackOf('github'),
      response_type: 'code',
      scope: 'read:user user:email',
      state: random,
      code_challenge: random,
      code_challenge_method: 'S256',
      login_hint: 'ada',
    });
    const { browser, callback } = await beginAndVisit();
    await browser.comeBack(callback);
    const exchange = used.peer.requests.findLast(({ path }) => path === TOKEN_PATH);
    expect(exchange?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toMatchObject({
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
      redirect_uri: callbackOf('github'),
      code_verifier: random,
    });
  });

  it.each<[addresses: string, emails: readonly GitHubEmail[]]>([
    ['one that is not verified', [anEmail('new@example.com', { verified: false })]],
    [
      'a verified one that is not the primary one',
      [anEmail('new@example.com', { verified: false }), anEmail('other@example.com', { primary: false })],
    ],
    ['none', []],
    ['one that is no text', [{ ...anEmail(''), email: 5 as unknown as string }]],
    ['one that is no address', [anEmail('no-address')]],
    ['one that is verified with a word', [{ ...anEmail('word@example.com'), verified: 'true' as never }]],
  ])('makes no account without a primary, verified address: %s', async (_addresses, emails) => {
    const { browser, callback } = await beginAndVisit(aGitHubUser({ emails, email: 'shown@example.com' }));
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'email_required'),
    );
  });

  it('finds the primary address behind a hundred others', async () => {
    const others = Array.from({ length: 99 }, (_, one) =>
      anEmail(`other-${one}@example.com`, { primary: false }),
    );
    used.peer.signIn(aGitHubUser({ emails: [...others, anEmail('hundredth@example.com')] }));
    const { user } = await openBrowser(used.app).enter('github');
    expect(user.email).toBe('hundredth@example.com');
  });

  it('knows a person by the number, not by the name that they may give up', async () => {
    const { app, peer } = used;
    const ada = aGitHubUser({ login: 'the-name' });
    peer.signIn(ada);
    const first = await openBrowser(app).enter('github');
    peer.signIn({ ...ada, login: 'another-name', emails: [anEmail('ada-later@example.com')] });
    const renamed = await openBrowser(app).enter('github');
    expect(renamed.user).toEqual(first.user);

    peer.signIn(aGitHubUser({ login: 'the-name' }));
    const taker = await openBrowser(app).enter('github');
    expect(taker.user.id).not.toBe(first.user.id);
  });

  it.each([
    ['no number', { login: 'a', id: '583' }],
    ['a fraction', { login: 'a', id: 1.5 }],
    ['a number that JSON does not keep', { login: 'a', id: 2 ** 53 }],
    ['null', { login: 'a', id: null }],
  ])('refuses a profile whose id is %s', async (_what, profile) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.fail('/user', json(profile));
    expectSentBack(await browser.comeBack(callback), 'provider_error');
  });

  it('leads back with access_denied where the person declines', async () => {
    const { browser, callback } = await beginAndVisit(null);
    expect(callback.url.searchParams.get('error_uri')).toContain('#access-denied');
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'access_denied'),
    );
  });

  it('takes no code twice, and none that GitHub did not give', async () => {
    const { browser, callback } = await beginAndVisit();
    const cookies = [...browser.jar];
    await browser.exchange(locationOf(await browser.comeBack(callback))).expect(200);
    const thief = openBrowser(used.app);
    for (const [name, value] of cookies) thief.jar.set(name, value);
    expectCannotGoOn(await thief.comeBack(callback));

    const made = await beginAndVisit();
    made.callback.url.searchParams.set('code', 'made-up');
    const causes = await causesOf(used.app, async () =>
      expectSentBack(await made.browser.comeBack(made.callback), 'provider_error'),
    );
    expect(causes).toEqual([
      'the provider answers bad_verification_code: The code passed is incorrect or expired.',
    ]);
  });

  it.each<[what: string, path: string, failure: Failure, cause: string]>([
    [
      'another secret',
      TOKEN_PATH,
      json({ error: 'incorrect_client_credentials', error_description: 'They are incorrect.' }),
      'the provider answers incorrect_client_credentials: They are incorrect.',
    ],
    [
      'a form',
      TOKEN_PATH,
      { status: 200, body: 'access_token=gho_1' },
      'something went wrong: the answer is no JSON',
    ],
    [
      'another token',
      '/user',
      json({ message: 'Bad credentials' }, 401),
      'GET /user answers 401: Bad credentials',
    ],
    ['a text', '/user', { status: 200, body: 'gho_1' }, 'the answer is no JSON'],
    ['no profile', '/user', json([]), 'GET /user has no id'],
    ['no addresses', '/user/emails', json({}), 'GET /user/emails is no list'],
  ])('has in the log what was wrong: %s', async (_what, path, failure, cause) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.fail(path, failure);
    const before = used.app.logs.lines.length;
    const causes = await causesOf(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'provider_error'),
    );
    expect(causes).toEqual([cause]);
    expect(used.app.logs.lines.slice(before).join()).not.toContain('gho_');
  });

  it.each<[what: string, failure: Failure]>([
    ['an OAuth app without the scope', json({ message: 'Not Found', status: '404' }, 404)],
    [
      'a GitHub App without the permission',
      json({ message: 'Resource not accessible by integration', status: '403' }, 403),
    ],
  ])('signs in without an address where it may not read the addresses: %s', async (_what, failure) => {
    const { browser, callback } = await beginAndVisit();
    used.peer.fail('/user/emails', failure);
    expectSentBack(await browser.comeBack(callback), 'email_required');
  });

  it('does not take a limit of GitHub for a person without an address', async () => {
    const { browser, callback } = await beginAndVisit();
    const message = 'API rate limit exceeded for user ID 583231.';
    used.peer.fail('/user/emails', json({ message, status: '403' }, 403));
    expectSentBack(await browser.comeBack(callback), 'provider_error');
  });

  it('gives no token to an app where none is kept', async () => {
    const { app, peer } = used;
    peer.signIn(aGitHubUser());
    const { user, access_token: token } = await openBrowser(app).enter('github');
    const [identity] = await identitiesOf(app, user.id);
    const answer = await app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });
    expect(refusalOf(answer)).toBe('404 provider_token_missing');
  });
});

describe('GitHub as it is to its apps', () => {
  const used = useSocialApp({ start: startOf(), env: githubEnv });

  it('opens no account by a primary address that is not verified', async () => {
    const { app, peer } = used;
    peer.signIn(aGitHubUser({ emails: [anEmail('new@example.com', { verified: false })] }));
    const causes = await causesOf(app, async () =>
      expect(parametersOf(await openBrowser(app).signIn('github')).error).toBe('provider_error'),
    );
    expect(causes).toEqual([
      'the provider answers unverified_user_email: The user must have a verified primary email.',
    ]);
  });

  it('says that an app is suspended', async () => {
    const { app, peer } = used;
    peer.suspendApplication();
    const causes = await causesOf(app, async () =>
      expect(parametersOf(await openBrowser(app).signIn('github')).error).toBe('provider_error'),
    );
    expect(causes).toEqual([
      'the provider answers application_suspended: Your application has been suspended. Contact support@github.com.',
    ]);
  });
});

describe('A GitHub Enterprise Server', () => {
  const used = useSocialApp({
    start: startOf(),
    env: (peer) => ({
      ...githubEnv(peer),
      GITHUB_URL: `${peer.url}/`,
      GITHUB_API_URL: peer.enterpriseApiUrl,
    }),
  });

  it('signs in by its own URL and API', async () => {
    const { app, peer } = used;
    peer.signIn(aGitHubUser());
    const { user } = await openBrowser(app).enter('github');
    expect(await identitiesOf(app, user.id)).toMatchObject([{ provider: 'github', issuer: peer.url }]);
    expect(peer.requests.map(({ path }) => path).slice(-3)).toEqual([
      TOKEN_PATH,
      '/api/v3/user',
      '/api/v3/user/emails',
    ]);
  });
});

describe('GitHub, where people without an address may come in and tokens are kept', () => {
  const used = useSocialApp({
    start: startOf(),
    env: (peer) => ({ ...githubEnv(peer), SOCIAL_WITHOUT_EMAIL: 'true', STORE_PROVIDER_TOKENS: 'true' }),
  });

  it('makes an account without an address, named after the login', async () => {
    const { app, peer } = used;
    peer.signIn(aGitHubUser({ login: 'grace', name: null, emails: [] }));
    const { user } = await openBrowser(app).enter('github');
    expect(user).toMatchObject({ email: null, email_verified: false, name: 'grace' });
  });

  it('gives the token of an OAuth app, which does not expire, with its scopes', async () => {
    const { app, peer, clock } = used;
    peer.signIn(aGitHubUser());
    const signedIn = await openBrowser(app).enter('github');
    const token = await providerTokenOf(app, signedIn);
    expect(token.body).toEqual({
      access_token: expect.stringMatching(/^gho_/),
      expires_at: null,
      scope: 'read:user,user:email',
    });
    clock.advanceSeconds(600);
    expect((await providerTokenOf(app, signedIn)).body).toEqual(token.body);
  });
});

const APP_SECRETS = [
  'first-secret-of-the-app-which-is-long-enough',
  'second-secret-of-the-app-which-is-long-enough',
];

describe('The tokens of a GitHub App', () => {
  const used = useSocialApp({
    start: startOf({ kind: 'github-app' }),
    env: (peer) => ({
      ...githubEnv(peer),
      STORE_PROVIDER_TOKENS: 'true',
      ACCESS_TOKEN_TTL_SECONDS: String(DAY_SECONDS),
      APP_SECRET: APP_SECRETS[0] ?? '',
    }),
  });

  async function signIn(): Promise<SignedIn> {
    used.peer.signIn(aGitHubUser());
    return openBrowser(used.app).enter('github');
  }

  const refreshes = () => used.peer.requests.filter(({ body }) => body.includes('grant_type=refresh_token'));
  const isGood = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${used.peer.apiUrl}/user`, { headers })).status === 200;
  };

  it('are given as they are while they are good, and renewed when they end within a minute', async () => {
    const { app, clock } = used;
    const signedIn = await signIn();
    const first = (await providerTokenOf(app, signedIn)).body;
    expect(first).toEqual({
      access_token: expect.stringMatching(/^ghu_/),
      expires_at: new Date(clock.now() + LIFETIME_SECONDS * 1000).toISOString(),
      scope: '',
    });
    clock.advanceSeconds(LIFETIME_SECONDS - 61);
    expect((await providerTokenOf(app, signedIn)).body).toEqual(first);

    clock.advanceSeconds(1);
    const second = (await providerTokenOf(app, signedIn)).body;
    expect(second.access_token).not.toBe(first.access_token);
    expect(await isGood(second.access_token)).toBe(true);
    clock.advanceSeconds(LIFETIME_SECONDS);
    // The refresh token works once, so this takes the one that came with the second.
    const third = (await providerTokenOf(app, signedIn)).body;
    expect(await isGood(third.access_token)).toBe(true);
    expect(refreshes()).toHaveLength(2);
  });

  it('are renewed once by requests at the same time', async () => {
    const { app, peer, clock } = used;
    const signedIn = await signIn();
    clock.advanceSeconds(LIFETIME_SECONDS);
    const before = refreshes().length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => providerTokenOf(app, signedIn)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
    expect(refreshes().length - before).toBe(1);
    expect(peer.requests.length).toBeGreaterThan(0);
  });

  it('are given as they are while another request renews them, as long as they are good', async () => {
    const { app, peer, clock } = used;
    const signedIn = await signIn();
    const { access_token: token } = (await providerTokenOf(app, signedIn)).body;
    clock.advanceSeconds(LIFETIME_SECONDS - 30);
    peer.fail(TOKEN_PATH, 'hang');
    const arrival = peer.arrival(TOKEN_PATH);
    const renewing = providerTokenOf(app, signedIn);
    await arrival;
    expect((await providerTokenOf(app, signedIn)).body.access_token).toBe(token);
    used.timeOut();
    expect(refusalOf(await renewing)).toBe('503 provider_unavailable');
    peer.recover();
    expect((await providerTokenOf(app, signedIn)).body.access_token).not.toBe(token);
  });

  it('are renewed by another where one was cut off in the middle of it', async () => {
    const { app, clock } = used;
    const signedIn = await signIn();
    clock.advanceSeconds(LIFETIME_SECONDS);
    const refreshingUntil = new Date(clock.now() + 20_000);
    await app.models.identities.update({ refreshingUntil }, { where: { userId: signedIn.user.id } });
    clock.advanceSeconds(20);
    expect((await providerTokenOf(app, signedIn)).status).toBe(200);
  });

  it.each<[what: string, failure: Failure, refusal: string]>([
    ['503', 503, '503 provider_unavailable'],
    ['429', 429, '503 provider_unavailable'],
    ['a cut connection', 'reset', '503 provider_unavailable'],
    ['half of an answer', 'garbage', '502 provider_error'],
    ['an endless answer', 'huge', '502 provider_error'],
    ['an error page', 404, '502 provider_error'],
    ['another error', json({ error: 'incorrect_client_credentials' }), '502 provider_error'],
  ])('stay where GitHub answers with %s', async (_what, failure, refusal) => {
    const { app, peer, clock } = used;
    const signedIn = await signIn();
    clock.advanceSeconds(LIFETIME_SECONDS);
    peer.fail(TOKEN_PATH, failure);
    const causes = await causesOf(app, async () =>
      expect(refusalOf(await providerTokenOf(app, signedIn))).toBe(refusal),
    );
    expect(causes).toHaveLength(1);
    peer.recover();
    expect((await providerTokenOf(app, signedIn)).status).toBe(200);
  });

  it('stay where GitHub is down, and are renewed once it is back', async () => {
    const { app, peer, clock } = used;
    const signedIn = await signIn();
    clock.advanceSeconds(LIFETIME_SECONDS);
    await peer.goDown();
    expect(refusalOf(await providerTokenOf(app, signedIn))).toBe('503 provider_unavailable');
    await peer.comeBack();
    expect((await providerTokenOf(app, signedIn)).status).toBe(200);
  });

  it.each(['bad_refresh_token', 'invalid_grant'])(
    'are forgotten where GitHub takes them no more: %s',
    async (error) => {
      const { app, peer, clock } = used;
      const signedIn = await signIn();
      clock.advanceSeconds(LIFETIME_SECONDS);
      peer.fail(TOKEN_PATH, json({ error, error_description: 'The refresh token is incorrect or expired.' }));
      expect(refusalOf(await providerTokenOf(app, signedIn))).toBe('409 provider_access_ended');
      peer.recover();
      expect(refusalOf(await providerTokenOf(app, signedIn))).toBe('404 provider_token_missing');
      expect(await identitiesOf(app, signedIn.user.id)).toMatchObject([{ tokens: null }]);
      // The next sign-in brings others.
      const again = await openBrowser(app).enter('github');
      expect(again.user.id).toBe(signedIn.user.id);
      expect((await providerTokenOf(app, again)).status).toBe(200);
    },
  );

  it('are of their owner alone', async () => {
    const { app } = used;
    const [owner, other] = [await signIn(), await signIn()];
    const [identity] = await identitiesOf(app, owner.user.id);
    const answer = await app
      .get(`/me/identities/${identity?.id}/token`)
      .auth(other.access_token, { type: 'bearer' });
    expect(refusalOf(answer)).toBe('404 identity_not_found');
  });

  it('are sealed in the database, each for its own row', async () => {
    const { app } = used;
    const [ada, grace] = [await signIn(), await signIn()];
    const rows = [await app.models.identities.findAll(), await app.models.ledger.findAll()];
    expect(JSON.stringify(rows)).not.toMatch(/gh[ur]_/);
    const [ofAda] = await identitiesOf(app, ada.user.id);
    expect(Buffer.from(ofAda?.tokens ?? '', 'base64url').toString('latin1')).not.toMatch(/gh[ur]_|token/i);

    // Write access to the database does not suffice to give the token of one user to another.
    await app.models.identities.update(
      { tokens: ofAda?.tokens ?? null },
      { where: { userId: grace.user.id } },
    );
    expect(refusalOf(await providerTokenOf(app, grace))).toBe('404 provider_token_missing');
    expect((await providerTokenOf(app, ada)).status).toBe(200);
  });

  it('appear in no view of an account', async () => {
    const { app } = used;
    const { access_token: token } = await signIn();
    for (const path of ['/me', '/me/identities', '/me/activity']) {
      const { text } = await app.get(path).auth(token, { type: 'bearer' }).expect(200);
      expect(text).not.toMatch(/gh[ur]_/);
    }
  });

  it('are read with the secret before, and sealed with the new one when they are renewed', async () => {
    const [first = '', second = ''] = APP_SECRETS;
    const rotated = await used.startBeside({ APP_SECRET: second, APP_PREVIOUS_SECRETS: first });
    const afterwards = await used.startBeside({ APP_SECRET: second });
    const signedIn = await signIn();
    const { body } = await providerTokenOf(used.app, signedIn);
    expect((await providerTokenOf(rotated, signedIn)).body).toEqual(body);
    expect(refusalOf(await providerTokenOf(afterwards, signedIn))).toBe('404 provider_token_missing');

    used.clock.advanceSeconds(LIFETIME_SECONDS);
    const renewed = await providerTokenOf(rotated, signedIn);
    expect((await providerTokenOf(afterwards, signedIn)).body).toEqual(renewed.body);
  });

  it('are given no more where they are not kept, and erased at the next sign-in', async () => {
    const unkept = await used.startBeside({ STORE_PROVIDER_TOKENS: 'false' });
    const signedIn = await signIn();
    expect(refusalOf(await providerTokenOf(unkept, signedIn))).toBe('404 provider_token_missing');
    await openBrowser(unkept).enter('github');
    expect(await identitiesOf(unkept, signedIn.user.id)).toMatchObject([{ tokens: null }]);
  });
});

/** The answer of GET /me/identities/{id}/token for the first account at a provider. */
async function providerTokenOf(app: TestApp, { user, access_token: token }: SignedIn) {
  const [identity] = await identitiesOf(app, user.id);
  return app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });
}
