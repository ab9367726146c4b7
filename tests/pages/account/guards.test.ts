import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENT_TYPES } from '../../../src/core/audit/audit.ts';
import { ACCOUNT_PAGES } from '../../../src/features/pages/account/pages.ts';
import { createWords } from '../../../src/pages/words.ts';
import { ACCOUNT_PATHS, anOwner, signInOn } from '../../support/account-pages.ts';
import { startApp, type TestApp, useApp } from '../../support/app.ts';
import { codeOf } from '../../support/factors.ts';
import { createVisitor, headingOf, problemsOf, type Visitor, wordsOf } from '../../support/page-visitor.ts';
import { insertPasskey } from '../../support/passkeys.ts';
import { signUp } from '../../support/people.ts';

const FORMS = ACCOUNT_PAGES.flatMap(({ path, forms = {} }) =>
  Object.keys(forms).map((form) => [path, form] as const),
);
/** What each of them would take. */
const GIVEN = {
  name: 'Grace',
  username: '',
  language: 'de',
  email: 'new@example.com',
  phone: '+4915112345678',
  key_name: 'A',
};
const SCRIPT = '<script>alert(1)</script>';

describe('Every account page', () => {
  const app = useApp('SQLite', { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' });

  it('is among those that these tests know', () => {
    expect(ACCOUNT_PAGES.map(({ path }) => path).sort()).toEqual([...ACCOUNT_PATHS].sort());
  });

  it('is for a user alone: others sign in first, and come back to it', async () => {
    for (const path of ACCOUNT_PATHS) {
      const { status, headers } = await createVisitor(app).open(`${path}?notice=saved`);
      const returnTo = new URLSearchParams({ return_to: `${path}?notice=saved` });
      expect([status, headers.location]).toEqual([303, `/sign-in?${returnTo}`]);
    }
  });

  it('is kept by no cache, framed by no page, and loads nothing of others', async () => {
    const { visitor } = await anOwner(app);
    for (const path of ACCOUNT_PATHS) {
      const { status, headers } = await visitor.open(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
      });
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none';script-src 'nonce-[\w+/=]+';connect-src 'self';style-src 'nonce-[\w+/=]+';img-src 'self' data:;font-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'$/,
      );
    }
  });

  it('leads to the sign-in and back where another tab has signed out', async () => {
    for (const [path, form] of FORMS) {
      const { visitor } = await anOwner(app);
      await visitor.open(path);
      visitor.cookies.delete('latchkey');

      const { status, headers } = await visitor.press(form, GIVEN);

      expect([status, headers.location]).toEqual([
        303,
        `/sign-in?${new URLSearchParams({ return_to: path })}`,
      ]);
    }
  });

  it.each([
    ['without its token', { csrfToken: null }],
    ['with a wrong token', { csrfToken: 'wrong' }],
    ['from another site', { headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' } }],
    ['from another host of the site', { headers: { Origin: 'null', 'Sec-Fetch-Site': 'same-site' } }],
  ])('takes no form %s', async (_how, sending) => {
    const { visitor, token, password } = await anOwner(app);
    const state = () => app.get('/me/export').auth(token, { type: 'bearer' });
    const { exported_at: _at, ...before } = (await state()).body;
    for (const [path, form] of FORMS) {
      await visitor.open(path);
      const { status } = await visitor.press(form, { password, ...GIVEN }, sending);
      expect([path, form, status]).toEqual([path, form, 403]);
    }
    expect((await state()).body).toMatchObject(before);
    expect((await state()).body.activity).toHaveLength(before.activity.length);
  });

  it('takes no form with the token of another session', async () => {
    const { visitor, email } = await anOwner(app);
    const other = await anOwner(app);
    const [, csrfToken = ''] =
      /name="csrf_token" value="([^"]+)"/.exec((await other.visitor.visit('/account/secure')).text) ?? [];
    await visitor.visit('/account/secure');

    expect((await visitor.press('lock', {}, { csrfToken })).status).toBe(403);

    expect(await visitor.whoAmI()).toBe(email);
    expect((await other.visitor.press('lock', {}, { csrfToken })).status).toBe(303);
  });

  it('refuses a form that it does not have', async () => {
    const { visitor } = await anOwner(app);
    await visitor.visit('/account/secure');
    for (const form of ['nothing', 'constructor', '__proto__', ''])
      expect([form, (await visitor.press(form)).status]).toEqual([form, 400]);
  });

  it('shows no stored text as HTML', async () => {
    const { visitor, id, email, password } = await anOwner(app, { name: SCRIPT });
    await app.post('/login').set('User-Agent', `${SCRIPT}/1.0`).send({ email, password }).expect(200);
    await app.models.passkeys.update({ name: SCRIPT }, { where: { id: await insertPasskey(app, id) } });
    await visitor.visit('/account/factors');
    await visitor.press('begin_app', { app_name: SCRIPT });
    await visitor.visit('/account/keys');
    await visitor.press('create', { key_name: SCRIPT, days: '30' });
    await app.models.identities.create({
      ...{ id: crypto.randomUUID(), userId: id, provider: SCRIPT, issuer: 'i', subject: 's' },
      ...{ email: SCRIPT, tokens: null, createdAt: new Date(), lastUsedAt: new Date() },
    });
    let shown = 0;
    for (const path of ACCOUNT_PATHS) {
      const { text } = await visitor.visit(path);
      expect(text).not.toContain(SCRIPT);
      shown += text.split('&lt;script&gt;alert(1)&lt;/script&gt;').length - 1;
    }
    expect(shown).toBeGreaterThan(6);
  });

  it('has words for every event of the audit log, in each language', () => {
    const logger = { warn: () => {}, error: () => {} } as unknown as Parameters<typeof createWords>[1];
    const { wordsFor, languages } = createWords(undefined, logger);
    for (const language of languages) {
      const { find } = wordsFor(language, null);
      const missing = EVENT_TYPES.filter(
        (type) => typeof find(`pages.account.activity.events.${type}`) !== 'string',
      );
      expect([language, missing]).toEqual([language, []]);
    }
  });
});

describe('A session over its limit', () => {
  const app = useApp('SQLite', { RATE_LIMIT_TOKEN: '3/60' });

  it('is shown no page by its forms either', async () => {
    const { visitor } = await anOwner(app);
    await visitor.visit('/account/keys');
    await visitor.press('create', { key_name: 'The first', days: '30' });
    await visitor.press('create', { key_name: 'The second', days: '30' });

    const response = await visitor.press('create', { key_name: 'The third', days: '30' });

    expect([response.status, response.headers['retry-after']]).toEqual([429, expect.any(String)]);
    expect(response.text).not.toContain('The first');
  });
});

describe('A session that has to set a second factor up', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp('SQLite', { MFA_REQUIRED: 'all', RETURN_URLS: 'https://app.example.com' });
  });
  afterAll(() => app.stop());

  /** Sets an authenticator app up on the page at hand: the page with the recovery codes. */
  async function setUpApp(visitor: Visitor) {
    const shown = await visitor.press('begin_app', { app_name: '' });
    const [, factorId = ''] = /name="factor_id" value="([\w-]+)"/.exec(shown.text) ?? [];
    const [, secret = ''] = /class="secret">([A-Z2-7 ]+)</.exec(shown.text) ?? [];
    const code = codeOf(app, secret.replaceAll(' ', ''));
    return visitor.press('confirm_app', { factor_id: factorId, code });
  }

  it('goes on to the app that led to the sign-in, with its code, once the factor is set up', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    const wanted = { return_to: 'https://app.example.com/in', transport: 'token' };
    await visitor.visit(`/sign-in?${new URLSearchParams(wanted)}`);
    await visitor.pressThrough('password', { identifier: email, password });

    const codes = await setUpApp(visitor);
    const [, doneUrl = ''] = /class="button" href="([^"]+)"/.exec(codes.text) ?? [];
    await visitor.visit(doneUrl.replaceAll('&amp;', '&'));
    const { headers } = await visitor.press('continue');

    const { origin, pathname, searchParams } = new URL(headers.location ?? '');
    expect(origin + pathname).toBe(wanted.return_to);
    await app
      .post('/login/exchange')
      .send({ code: searchParams.get('code') })
      .expect(200);
  });

  it('is led to the page for that and sees why, reaches no other, and all of them afterwards', async () => {
    const person = await signUp(app);
    const visitor = createVisitor(app);
    await signInOn(visitor, person);
    for (const path of ACCOUNT_PATHS.filter(
      (path) => !['/account/factors', '/account/confirm'].includes(path),
    )) {
      const { status, headers } = await visitor.open(path);
      const [to] = (headers.location ?? '').split('?');
      expect([path, status, to]).toEqual([path, 303, '/account/factors']);
    }
    const page = await visitor.visit('/account');
    expect(wordsOf(page)).toContain('Your account needs a second step to sign in, and has none yet.');
    expect(page.text).not.toContain('href="/account"');

    const codes = await setUpApp(visitor);

    expect(headingOf(codes)).toBe('Your recovery codes');
    expect(headingOf(await visitor.visit('/account/profile'))).toBe('Profile');
    await visitor.visit('/account/factors');
    const [, id = ''] =
      /name="id" value="([\w-]+)"/.exec((await visitor.visit('/account/factors')).text) ?? [];
    const kept = await visitor.press('remove_app', { id });
    expect([kept.status, problemsOf(kept)[0]]).toEqual([
      409,
      expect.stringContaining('this is the last one'),
    ]);
  });

  it('can sign out', async () => {
    const visitor = createVisitor(app);
    await signInOn(visitor, await signUp(app));
    await visitor.visit('/sign-out');

    const page = await visitor.pressThrough('sign_out');

    expect(wordsOf(page)).toContain('You have signed out.');
  });
});

describe('In production without a mail server and a provider of SMS', () => {
  const app = useApp('SQLite', {
    NODE_ENV: 'production',
    TRUST_PROXY: '1',
    JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
    BCRYPT_COST: '10',
  });

  it('the pages offer nothing that takes a message, and say what to do instead', async () => {
    const visitor = createVisitor(app, { 'X-Forwarded-Proto': 'https' });
    await signInOn(visitor, await signUp(app));

    expect((await visitor.visit('/account')).text).not.toContain('/account/phone');
    const said = {
      '/account/email': 'This service sends no email',
      '/account/phone': 'This service sends no SMS',
      '/account/password': 'This service sends no email',
      '/account/secure': 'you could not get back in',
    };
    for (const [path, words] of Object.entries(said)) {
      const page = await visitor.visit(path);
      expect(wordsOf(page)).toContain(words);
      expect(page.text).not.toMatch(/name="form" value="(?:verify|code|link|lock)"/);
    }
  });
});

describe('With PAGES=off', () => {
  const app = useApp('SQLite', { PAGES: 'off' });

  it('there are none', async () => {
    for (const path of ACCOUNT_PATHS) {
      await app.get(path).expect(404);
      await app.post(path).type('form').send({ form: 'save' }).expect(404);
    }
  });
});
