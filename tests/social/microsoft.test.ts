import { describe, expect, it } from '@jest/globals';
import type { TestApp, TestClock } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { refusalOf } from '../support/codes.ts';
import { aPerson, signUp } from '../support/people.ts';
import {
  CLIENT,
  callbackOf,
  googleEnv,
  locationOf,
  microsoftEnv,
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
import { startGoogle } from '../support/social-peers/google.ts';
import type { Claims, Tampering } from '../support/social-peers/id-tokens.ts';
import { type MicrosoftUser, PERSONAL_TENANT, startMicrosoft } from '../support/social-peers/microsoft.ts';
import { json } from '../support/social-peers/peer.ts';

const CONTOSO = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490';
const FABRIKAM = '72f988bf-86f1-41af-91ab-2d7cd011db47';

const start = (clock: TestClock) =>
  startMicrosoft({
    ...CLIENT,
    redirectUris: [callbackOf('microsoft')],
    tenants: [CONTOSO, FABRIKAM],
    clock,
  });

let people = 0;

/** An employee of Contoso who has not been here yet. */
function anEmployee(details: Partial<MicrosoftUser> = {}): MicrosoftUser {
  people++;
  return {
    tid: CONTOSO,
    oid: `00000000-0000-4000-8000-${String(people).padStart(12, '0')}`,
    name: 'Grace Hopper',
    preferredUsername: `grace-${people}@contoso.example`,
    email: `microsoft-${people}@contoso.example`,
    xmsEdov: true,
    ...details,
  };
}

/** Somebody with an account of their own. */
const aConsumer = (details: Partial<MicrosoftUser> = {}) => anEmployee({ tid: PERSONAL_TENANT, ...details });

describeFailures({
  provider: 'microsoft',
  start,
  env: (peer) => ({ ...microsoftEnv(peer), SOCIAL_WITHOUT_EMAIL: 'true' }),
  // Asked for the address that is not in the ID token.
  signIn: (peer) => peer.signIn(anEmployee({ email: undefined as never })),
  discoveryPath: '/common/v2.0/.well-known/openid-configuration',
  isBrief: true,
  paths: ['/common/oauth2/v2.0/token', '/common/discovery/v2.0/keys', '/oidc/userinfo'],
});

describe('Microsoft', () => {
  const used = useSocialApp({ start, env: microsoftEnv });

  async function beginAndVisit(user: MicrosoftUser | null = anEmployee(), app: TestApp = used.app) {
    used.peer.signIn(user);
    const browser = openBrowser(app);
    const callback = await browser.visit(locationOf(await browser.begin('microsoft')));
    return { browser, callback };
  }

  const changed = (changes: Claims): Tampering => ({ claims: (claims) => ({ ...claims, ...changes }) });
  const issuerOf = (tid: string) => `${used.peer.url}/${tid}/v2.0`;

  /** How a sign-in ends whose ID token is tampered with. */
  async function endOf(user: MicrosoftUser, tampering: Tampering, app: TestApp = used.app) {
    const { browser, callback } = await beginAndVisit(user, app);
    used.peer.tamperIdTokens(tampering);
    const page = locationOf(await browser.comeBack(callback));
    used.peer.tamperIdTokens();
    return page.searchParams.get('error') ?? 'signed in';
  }

  it('makes an account with the verified address and the name', async () => {
    const { app, peer, clock } = used;
    const visitor = anEmployee();
    peer.signIn(visitor);
    const { user, access_token: token } = await openBrowser(app).enter('microsoft');

    expect(user).toMatchObject({ email: visitor.email, email_verified: true, name: 'Grace Hopper' });
    expect(claimsIn(token)).toMatchObject({ amr: ['fed'], auth_time: Math.floor(clock.now() / 1000) });
    expect(await identitiesOf(app, user.id)).toMatchObject([
      {
        provider: 'microsoft',
        issuer: issuerOf(CONTOSO),
        subject: expect.stringMatching(/^[\w-]{43}$/),
        email: visitor.email,
        tokens: null,
      },
    ]);
    expect(await eventsOf(app, user.id)).toEqual([
      ['user.signed_up', {}],
      ['identity.linked', { provider: 'microsoft' }],
      ['login.succeeded', { method: 'social', provider: 'microsoft' }],
    ]);
    peer.signIn({ ...visitor, email: 'another@contoso.example', name: 'Another Name' });
    expect((await openBrowser(app).enter('microsoft')).user).toEqual(user);
  });

  it('asks for what it needs with state, nonce and PKCE', async () => {
    const url = locationOf(await openBrowser(used.app).begin('microsoft'));
    expect(url.origin + url.pathname).toBe(`${used.peer.url}/common/oauth2/v2.0/authorize`);
    const random = expect.stringMatching(/^[\w-]{43}$/);
    expect(parametersOf(url)).toEqual({
      client_id: CLIENT.clientId,
      redirect_uri: callbackOf('microsoft'),
      response_type: 'code',
      scope: 'openid email profile',
      state: random,
      nonce: random,
      code_challenge: random,
      code_challenge_method: 'S256',
    });
  });

  it('has people of every tenant come in by common, and those of their own', async () => {
    const { app, peer } = used;
    for (const user of [anEmployee(), anEmployee({ tid: FABRIKAM }), aConsumer()]) {
      peer.signIn(user);
      const signedIn = await openBrowser(app).enter('microsoft');
      expect(await identitiesOf(app, signedIn.user.id)).toMatchObject([{ issuer: issuerOf(user.tid) }]);
    }
  });

  it.each<[problem: string, changes: () => Claims]>([
    ['the issuer of another tenant', () => ({ iss: issuerOf(FABRIKAM) })],
    ['another tenant than that of the issuer', () => ({ tid: FABRIKAM })],
    ['no tenant', () => ({ tid: undefined })],
    ['a tenant in capitals', () => ({ tid: CONTOSO.toUpperCase(), iss: issuerOf(CONTOSO.toUpperCase()) })],
    ['a tenant by its domain', () => ({ tid: 'contoso.example', iss: issuerOf('contoso.example') })],
    ['a tenant that is for several', () => ({ tid: 'common', iss: issuerOf('common') })],
    ['the template itself', () => ({ tid: '{tenantid}', iss: issuerOf('{tenantid}') })],
    ['a tenant that leads elsewhere', () => ({ tid: '../evil', iss: issuerOf('../evil') })],
    ['a pattern of replacement', () => ({ tid: '$&', iss: issuerOf('{tenantid}') })],
    ['a tenant that is a list', () => ({ tid: [CONTOSO] })],
    ['the issuer of version 1.0', () => ({ iss: `https://sts.windows.net/${CONTOSO}/` })],
    ['no issuer', () => ({ iss: undefined })],
    ['another audience', () => ({ aud: 'another-client' })],
    ['no subject', () => ({ sub: undefined })],
  ])('refuses an ID token with %s', async (_problem, changes) => {
    await expectNothingCreated(used.app, async () =>
      expect(await endOf(anEmployee(), changed(changes()))).toBe('provider_error'),
    );
  });

  it('refuses an ID token of a tenant that is signed with the key of personal accounts', async () => {
    const asContoso = changed({ tid: CONTOSO, iss: issuerOf(CONTOSO) });
    const causes = await causesOf(used.app, async () =>
      expect(await endOf(aConsumer(), asContoso)).toBe('provider_error'),
    );
    expect(causes).toEqual(['the ID token is signed with a key of another issuer']);
    expect(await endOf(aConsumer(), { foreignKey: true })).toBe('provider_error');
  });

  it('has nobody with a personal account come in by organizations', async () => {
    const app = await used.startBeside({ MICROSOFT_TENANT: 'organizations' });
    expect(await endOf(anEmployee(), {}, app)).toBe('signed in');
    const asConsumer = changed({ tid: PERSONAL_TENANT, iss: issuerOf(PERSONAL_TENANT) });
    const causes = await causesOf(app, async () =>
      expect(await endOf(anEmployee(), asConsumer, app)).toBe('provider_error'),
    );
    expect(causes).toEqual(['the tenant of the ID token may not sign in']);
  });

  it('has nobody of a tenant come in by consumers', async () => {
    const app = await used.startBeside({ MICROSOFT_TENANT: 'consumers' });
    const consumer = aConsumer();
    expect(await endOf(consumer, {}, app)).toBe('signed in');
    const asContoso = changed({ tid: CONTOSO, iss: issuerOf(CONTOSO) });
    expect(await endOf(aConsumer(), asContoso, app)).toBe('provider_error');
    // It is the same account as by common.
    used.peer.signIn(consumer);
    const [ofConsumers, ofCommon] = [
      await openBrowser(app).enter('microsoft'),
      await openBrowser(used.app).enter('microsoft'),
    ];
    expect(ofConsumers.user.id).toBe(ofCommon.user.id);
  });

  it('has only people of one tenant come in where that is configured', async () => {
    const app = await used.startBeside({ MICROSOFT_TENANT: CONTOSO.toUpperCase() });
    const employee = anEmployee();
    expect(await endOf(employee, {}, app)).toBe('signed in');
    const asFabrikam = changed({ tid: FABRIKAM, iss: issuerOf(FABRIKAM) });
    expect(await endOf(anEmployee(), asFabrikam, app)).toBe('provider_error');
    used.peer.signIn(employee);
    const [ofContoso, ofCommon] = [
      await openBrowser(app).enter('microsoft'),
      await openBrowser(used.app).enter('microsoft'),
    ];
    expect(ofContoso.user.id).toBe(ofCommon.user.id);
  });

  it.each<[what: string, xmsEdov: unknown, isVerified: boolean]>([
    ['true', true, true],
    ['"true"', 'true', true],
    ['1', 1, true],
    ['"1"', '1', true],
    ['false', false, false],
    ['"false"', 'false', false],
    ['0', 0, false],
    ['"0"', '0', false],
    ['2', 2, false],
    ['"True"', 'True', false],
    ['an empty text', '', false],
    ['a list', [true], false],
    ['null', null, false],
    ['nothing', undefined, false],
  ])('reads xms_edov: %s', async (_what, xmsEdov, isVerified) => {
    used.peer.signIn(anEmployee({ xmsEdov }));
    const { user } = await openBrowser(used.app).enter('microsoft');
    expect(user.email_verified).toBe(isVerified);
  });

  it('does not take another claim for it', async () => {
    const { app, peer } = used;
    peer.tamperIdTokens(changed({ email_verified: true, verified_primary_email: ['ceo@contoso.example'] }));
    peer.signIn(anEmployee({ xmsEdov: undefined }));
    const { user } = await openBrowser(app).enter('microsoft');
    peer.tamperIdTokens();
    expect(user.email_verified).toBe(false);
  });

  it('does not take what an ID token says of its address for an address that stands elsewhere', async () => {
    const { app, peer } = used;
    const visitor = anEmployee();
    peer.tamperIdTokens(changed({ email: undefined, xms_edov: true, email_verified: true }));
    peer.signIn(visitor);
    const { user } = await openBrowser(app).enter('microsoft');
    peer.tamperIdTokens();
    expect(user).toMatchObject({ email: visitor.email, email_verified: false });
  });

  it('never signs in to the account of an address that an administrator of a tenant has made up', async () => {
    const { app, clock } = used;
    const victim = await signUp(app, aPerson());
    await app.store.users.verifyEmail(victim.id, victim.email, new Date(clock.now()));
    for (const xmsEdov of [undefined, false, '0']) {
      const attacker = anEmployee({
        tid: FABRIKAM,
        email: victim.email,
        preferredUsername: victim.email,
        xmsEdov,
      });
      const { browser, callback } = await beginAndVisit(attacker);
      await expectNothingCreated(app, async () =>
        expectSentBack(await browser.comeBack(callback), 'account_exists'),
      );
    }
    expect(await identitiesOf(app, victim.id)).toEqual([]);
  });

  it('takes the name by which somebody signs in for no address', async () => {
    const visitor = anEmployee({ email: undefined as never, preferredUsername: 'victim@example.com' });
    const { browser, callback } = await beginAndVisit(visitor);
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'email_required'),
    );
  });

  it('tells two people with the same subject in two tenants apart', async () => {
    const { app, peer } = used;
    peer.tamperIdTokens(changed({ sub: 'the-same' }));
    peer.signIn(anEmployee());
    const first = await openBrowser(app).enter('microsoft');
    peer.signIn(anEmployee({ tid: FABRIKAM }));
    const second = await openBrowser(app).enter('microsoft');
    peer.tamperIdTokens();
    expect(first.user.id).not.toBe(second.user.id);
    const rows = await app.models.identities.findAll({ where: { subject: 'the-same' } });
    expect(rows.map((row) => row.get().issuer).sort()).toEqual(
      [issuerOf(FABRIKAM), issuerOf(CONTOSO)].sort(),
    );
  });

  it('tells two people with the same subject at two providers apart', async () => {
    const { peer, clock } = used;
    const google = await startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock });
    const app = await used.startBeside(googleEnv(google));
    google.signIn({ sub: 'one-subject', email: 'one-subject@example.com' });
    const atGoogle = await openBrowser(app).enter('google');
    peer.tamperIdTokens(changed({ sub: 'one-subject' }));
    peer.signIn(anEmployee());
    const atMicrosoft = await openBrowser(app).enter('microsoft');
    peer.tamperIdTokens();
    await google.stop();
    expect(atGoogle.user.id).not.toBe(atMicrosoft.user.id);
    expect(await app.models.identities.count({ where: { subject: 'one-subject' } })).toBe(2);
  });

  it('takes no answer that another provider has given, nor gives its own to another', async () => {
    const { peer, clock } = used;
    const google = await startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock });
    const app = await used.startBeside(googleEnv(google));
    google.signIn({ sub: 'mixed-up', email: 'mixed-up@example.com' });
    peer.signIn(anEmployee());
    for (const [begun, other] of [
      ['google', 'microsoft'],
      ['microsoft', 'google'],
    ] as const) {
      const browser = openBrowser(app);
      const { url } = await browser.visit(locationOf(await browser.begin(begun)));
      url.pathname = url.pathname.replace(begun, other);
      const before = google.requests.length + peer.requests.length;
      const back = await browser.comeBack({ url });
      expect(back.status).toBe(400);
      expect(back.text).toContain('This sign-in cannot go on here');
      expect(google.requests.length + peer.requests.length).toBe(before);
    }
    await google.stop();
  });

  it('leads back with access_denied where the person cancels', async () => {
    const { browser, callback } = await beginAndVisit(null);
    expect(callback.url.searchParams.get('error_subcode')).toBe('cancel');
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'access_denied'),
    );
  });

  it('leads back with access_denied where the person does not consent', async () => {
    const { browser, callback } = await beginAndVisit(anEmployee({ declinesConsent: true }));
    expect(callback.url.searchParams.get('error_description')).toMatch(/^AADSTS65004: .*\r\nTrace ID/);
    await expectNothingCreated(used.app, async () =>
      expectSentBack(await browser.comeBack(callback), 'access_denied'),
    );
  });

  it('takes no code twice, and has in the log what Microsoft says of one that it did not give', async () => {
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
      expect.stringMatching(/^the provider answers invalid_grant: AADSTS\d+: .*Trace ID: /),
    ]);
  });

  it('goes on after Microsoft has changed its keys', async () => {
    const { app, peer, clock } = used;
    for (let rotation = 0; rotation < 3; rotation++) {
      for (const user of [anEmployee(), aConsumer()]) {
        peer.signIn(user);
        await openBrowser(app).enter('microsoft');
      }
      await peer.rotateKeys();
      clock.advanceSeconds(1);
    }
  });
});

describe('Microsoft, where tokens are kept', () => {
  const used = useSocialApp({
    start,
    env: (peer) => ({
      ...microsoftEnv(peer),
      STORE_PROVIDER_TOKENS: 'true',
      MICROSOFT_SCOPES: 'Calendars.Read',
      ACCESS_TOKEN_TTL_SECONDS: '86400',
    }),
  });

  it('asks for access while the person is away, and renews its token', async () => {
    const { app, peer, clock } = used;
    peer.signIn(anEmployee());
    const asked = locationOf(await openBrowser(app).begin('microsoft'));
    expect(asked.searchParams.get('scope')).toBe('openid email profile Calendars.Read offline_access');
    const { user, access_token: token } = await openBrowser(app).enter('microsoft');
    const [identity] = await identitiesOf(app, user.id);
    const ask = () => app.get(`/me/identities/${identity?.id}/token`).auth(token, { type: 'bearer' });

    const first = (await ask()).body;
    expect(first.scope).toBe('openid email profile Calendars.Read');
    clock.advanceSeconds(3_600);
    const second = (await ask()).body;
    expect(second).toEqual({
      ...first,
      access_token: expect.stringMatching(/^EwB/),
      expires_at: new Date(clock.now() + 3_599_000).toISOString(),
    });
    expect(second.access_token).not.toBe(first.access_token);
    clock.advanceSeconds(3_600);
    peer.fail('/common/oauth2/v2.0/token', json({ error: 'invalid_grant' }, 400));
    expect(refusalOf(await ask())).toBe('409 provider_access_ended');
  });
});
