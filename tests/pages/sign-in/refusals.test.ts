import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { MANY_REQUESTS, useApp } from '../../support/app.ts';
import { messageTo } from '../../support/codes.ts';
import { createVisitor, headingOf, problemsOf, wordsOf } from '../../support/page-visitor.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { LISTED_RETURN_URLS, REFUSED_RETURN_URLS } from '../../support/return-urls.ts';

const SCRIPT = '"><script>alert(1)</script>';
/** Allowed here: a page of this service, and outside production pages of this host. */
const ALLOWED_HERE = /^\/signed-in$|^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])/;

describe('A form of the sign-in pages', () => {
  const app = useApp('SQLite', { RETURN_URLS: LISTED_RETURN_URLS });

  it('is shown again with 401 where the password is wrong, with what was typed but for the password', async () => {
    const { email } = await signUp(app);
    const { password: wrong } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    const response = await visitor.press('password', { identifier: email, password: wrong });

    expect([response.status, problemsOf(response)]).toEqual([
      401,
      ['Email, username or password is not correct.'],
    ]);
    expect(response.text).toContain(`value="${email}"`);
    expect(response.text).not.toContain(wrong);
    expect(response.text).toContain('<title>Error: Sign in · Latchkey</title>');
    expect(response.headers['cache-control']).toBe('no-store');
  });

  it('says the same of an account that there is not', async () => {
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    const response = await visitor.press('password', { identifier: aPerson().email, password: 'x' });

    expect([response.status, problemsOf(response)]).toEqual([
      401,
      ['Email, username or password is not correct.'],
    ]);
  });

  it('is a page that says what is wrong where the id for the code is none', async () => {
    const parameters = new URLSearchParams({ return_to: '/account', challenge_id: 'mine' });

    const response = await createVisitor(app).visit(`/sign-in?${parameters}`);

    expect(response.status).toBe(400);
    expect(wordsOf(response)).toContain('challenge_id');
  });

  it('is for no page of another origin to read, also of one that may call the API', async () => {
    const Origin = 'http://localhost:5173';
    const api = await app.get('/healthz').set({ Origin }).expect(200);
    const page = await app.get('/sign-in').set({ Origin, Accept: 'text/html' }).expect(200);

    expect(api.headers['access-control-allow-origin']).toBe(Origin);
    expect(page.headers).not.toHaveProperty('access-control-allow-origin');
    // So that browsers name the origin of its forms, which tells them from those of other sites.
    expect(page.headers['referrer-policy']).toBe('same-origin');
  });

  it('marks each field that is wrong, and focuses the first', async () => {
    const visitor = createVisitor(app);
    await visitor.visit('/sign-up');

    const response = await visitor.press('sign_up', { email: 'nobody', new_password: 'short' });

    expect(response.status).toBe(400);
    expect(problemsOf(response)).toEqual([
      'This is not an email address.',
      'That was too short. Use at least 8 characters.',
    ]);
    expect(response.text).toMatch(
      /<input id="email"[^>]* aria-describedby="email-problem" aria-invalid="true" required autofocus>/,
    );
    expect(response.text).toMatch(
      /<input id="new_password"[^>]* aria-describedby="new_password-problem new_password-hint" aria-invalid="true" required>/,
    );
  });

  it.each([
    [
      'code',
      ['', 'grace', '0151 2345678'],
      'To get a code, enter an email address, or a phone number with its country code.',
    ],
    ['link', ['', 'grace', '+49 151 12345678'], 'The link comes by email: enter an email address.'],
  ])('says beside the field what the button needs: %s', async (form, identifiers, words) => {
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    for (const identifier of identifiers) {
      const response = await visitor.press(form, { identifier });

      expect([identifier, response.status, problemsOf(response)]).toEqual([identifier, 400, [words]]);
    }
  });

  it('is refused with 403 without its token, with that of another browser, and with none of this service', async () => {
    const { email, password } = await signUp(app);
    const fields = { identifier: email, password };
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    const another = createVisitor(app);
    const { text } = await another.visit('/sign-in');
    const foreign = /name="csrf_token" value="([^"]*)"/.exec(text)?.[1] ?? '';

    for (const csrfToken of [null, '', 'made up', foreign]) {
      const response = await visitor.press('password', fields, { csrfToken });
      expect([response.status, problemsOf(response)]).toEqual([
        403,
        [expect.stringContaining('open for too long')],
      ]);
    }
    expect(await visitor.whoAmI()).toBeUndefined();
    // The page that says so has a token that is good.
    expect((await visitor.press('password', fields)).status).toBe(303);
  });

  it.each([
    ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['another host of the same site', { Origin: 'https://blog.example.com', 'Sec-Fetch-Site': 'same-site' }],
    [
      'another site, by a browser that does not say so but for its origin',
      { Origin: 'https://evil.example' },
    ],
    ['a page without an origin', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
  ])('is refused with 403 from %s, whatever its token', async (_what, headers) => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    const response = await visitor.press('password', { identifier: email, password }, { headers });

    expect([response.status, headingOf(response)]).toEqual([403, 'Please press the button here']);
    expect(response.text).not.toContain(email);
    expect(await visitor.whoAmI()).toBeUndefined();
  });

  it('of a session takes the token of that session alone', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    const signedOut = await visitor.visit('/sign-in');
    const [, ofBrowser = ''] = /name="csrf_token" value="([^"]*)"/.exec(signedOut.text) ?? [];
    await visitor.press('password', { identifier: email, password });
    await visitor.visit('/sign-out');

    const response = await visitor.press('sign_out', {}, { csrfToken: ofBrowser });

    expect(response.status).toBe(403);
    expect(await visitor.whoAmI()).toBe(email);
  });

  it('is refused with 400 where it is none of the page, with 415 as JSON and with 413 where it is too large', async () => {
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    for (const form of ['', 'nothing', '__proto__', 'constructor'])
      expect((await visitor.press(form)).status).toBe(400);
    const json = await app.post('/sign-in').set('Accept', 'text/html').send({ form: 'password' });
    expect([json.status, headingOf(json)]).toEqual([415, 'That did not work']);
    expect((await visitor.press('password', { identifier: 'x'.repeat(9_000) })).status).toBe(413);
  });

  it('repeats what was typed as text, never as HTML', async () => {
    const visitor = createVisitor(app);
    const pages = [
      await visitor.visit(
        `/sign-in?${new URLSearchParams({ login_hint: SCRIPT, notice: SCRIPT, problem: SCRIPT })}`,
      ),
      await visitor.press('password', { identifier: SCRIPT, password: SCRIPT }),
      await visitor.visit(`/sign-up?x=${encodeURIComponent(SCRIPT)}`),
      await visitor.press('sign_up', { email: SCRIPT, new_password: SCRIPT, name: SCRIPT }),
      await visitor.visit('/forgot'),
      await visitor.press('send', { email: SCRIPT }),
      await visitor.visit(`/${encodeURIComponent(SCRIPT)}`),
    ];

    expect(pages.map(({ text }) => text.includes('<script>'))).toEqual(pages.map(() => false));
    expect(pages[1]?.text).toContain('&quot;&gt;&lt;script&gt;');
  });

  it('says beside the field that a code is wrong and what to do, five times', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.pressThrough('code', { identifier: email });
    const { code } = await messageTo(app, email);
    const wrong = code === '000000' ? '000001' : '000000';
    const answers: Response[] = [];

    for (let time = 0; time < 6; time++) answers.push(await visitor.press('code', { code: wrong }));

    const said = answers.flatMap(problemsOf);
    expect(answers[0]?.text).toMatch(/<input id="code"[^>]* aria-invalid="true"/);
    expect(new Set(said.slice(0, 4))).toEqual(
      new Set(['That is not the code from the latest message. Look again.']),
    );
    expect(said.at(-1)).toBe('That was wrong too many times. Get another code.');
  });

  it.each(REFUSED_RETURN_URLS.filter((url) => !ALLOWED_HERE.test(url)))(
    'leads to no page that is not listed: %j',
    async (returnTo) => {
      const { email, password } = await signUp(app);
      const visitor = createVisitor(app);
      const path = `/sign-in?${new URLSearchParams({ return_to: returnTo })}`;
      const page = await visitor.open(path);
      expect([page.status, headingOf(page)]).toEqual([400, 'The link to this page is wrong']);
      expect(page.headers).not.toHaveProperty('location');

      await visitor.visit('/sign-in');
      const token =
        /name="csrf_token" value="([^"]*)"/.exec((await visitor.visit('/sign-in')).text)?.[1] ?? '';
      const posted = await app
        .post(path)
        .type('form')
        .set({ Cookie: visitor.cookieHeader(), Origin: 'null', 'Sec-Fetch-Site': 'same-origin' })
        .send({ csrf_token: token, form: 'password', identifier: email, password });

      expect(posted.status).toBe(400);
      expect(posted.headers).not.toHaveProperty('location');
    },
  );

  it.each(['/.//evil.example', '/x/..//evil.example', '/\t/evil.example', '/%2e/%2e%2e//evil.example'])(
    'leads to no other host by a path such as %j',
    async (returnTo) => {
      const { email, password } = await signUp(app);
      const visitor = createVisitor(app);
      const page = await visitor.open(`/sign-in?${new URLSearchParams({ return_to: returnTo })}`);
      if (page.status === 400) return;

      const { headers } = await visitor.press('password', { identifier: email, password });

      const { host } = new URL(headers.location ?? '', 'https://auth.example.com/sign-in');
      expect(host).toBe('auth.example.com');
    },
  );
});

describe('Below the path of PUBLIC_URL', () => {
  const app = useApp('SQLite', { PUBLIC_URL: 'https://example.com/auth' });
  const to = (returnTo: string) =>
    `/sign-in?${new URLSearchParams({ return_to: returnTo, transport: 'token' })}`;

  it.each([
    'https://example.com/auth/../12345https://evil.example/',
    'https://example.com/auth/../evil',
    'https://example.com/auth/../12345evil',
    'https://example.com/auth/../auth//evil.example',
    'https://example.com/authentic',
    'https://example.com/',
  ])('a sign-in leads to nothing that is not below it: %s', async (returnTo) => {
    const page = await createVisitor(app).open(to(returnTo));

    expect([page.status, headingOf(page)]).toEqual([400, 'The link to this page is wrong']);
  });

  it.each([
    'https://example.com/auth/account/keys?x=y',
    '/auth/account/keys?x=y',
    '/account/keys?x=y',
    '/account/../auth/account/keys?x=y',
  ])('a sign-in leads to a page of this service: %s', async (returnTo) => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.open(to(returnTo));

    const { headers } = await visitor.press('password', { identifier: email, password });

    expect(headers.location).toBe('/auth/account/keys?x=y');
  });

  it.each(['/auth//evil.example', '/auth/.//evil.example', '//evil.example', '/auth/../auth//evil.example'])(
    'a sign-in leads to no other host: %s',
    async (returnTo) => {
      const page = await createVisitor(app).open(to(returnTo));

      expect([page.status, headingOf(page)]).toEqual([400, 'The link to this page is wrong']);
    },
  );
});

describe('Below a path of PUBLIC_URL that is also that of a page', () => {
  const app = useApp('SQLite', { PUBLIC_URL: 'https://example.com/account' });

  it('a page for users leads to the sign-in and back', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    const led = await visitor.open('/account/keys');
    const { location = '' } = led.headers;
    expect(location).toBe('/account/sign-in?return_to=%2Faccount%2Faccount%2Fkeys');
    await visitor.open(location.slice('/account'.length));

    const { headers } = await visitor.press('password', { identifier: email, password });

    expect(headers.location).toBe('/account/account/keys');
  });
});

describe('A form of the sign-in pages over a limit', () => {
  const app = useApp('SQLite', {
    ...MANY_REQUESTS,
    RATE_LIMIT_LOGIN_IP: '2/60',
    RATE_LIMIT_SEND_ADDRESS: '1/60',
  });

  it('counts once under the limit of the route that it runs, and says when to try again', async () => {
    const { email } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    const press = () => visitor.press('password', { identifier: email, password: 'wrong' });

    const first = await press();
    expect(first.headers.ratelimit).toMatch(/"login-ip";r=1;/);
    expect((await press()).status).toBe(401);
    const refused = await press();

    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toMatch(/^\d+$/);
    expect(problemsOf(refused)).toEqual([
      expect.stringMatching(/^Too many requests. Try again in \d+ seconds?\.$/),
    ]);
    expect(refused.text).toContain(`value="${email}"`);
  });

  it('says that messages have been sent, where those are used up', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/verify-email');
    await visitor.press('send', { email });

    const refused = await visitor.press('again');

    expect(refused.status).toBe(429);
    expect(problemsOf(refused)).toEqual([
      expect.stringMatching(/^We have sent several messages already. Try again in \d+ seconds?\.$/),
    ]);
  });

  it('does not count where the page is only shown', async () => {
    for (let time = 0; time < 5; time++) await app.get('/sign-in').expect(200);
  });
});

describe('A password that an operator has ended', () => {
  const app = useApp('SQLite');

  it('asks for a new one on the same page', async () => {
    const { email, password, id } = await signUp(app);
    await app.models.users.update({ passwordChangeRequiredAt: new Date(app.clock.now()) }, { where: { id } });
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    const asked = await visitor.press('password', { identifier: email, password });
    expect([asked.status, problemsOf(asked)]).toEqual([
      403,
      [expect.stringContaining('You need a new password.')],
    ]);
    const { password: next } = aPerson();
    const response = await visitor.press('password', { identifier: email, password, new_password: next });

    expect(response.status).toBe(303);
    expect(await visitor.whoAmI()).toBe(email);
  });
});

describe('Where sign-up is closed', () => {
  const app = useApp('SQLite', { SIGNUP_DISABLED: 'true' });

  it('no page offers it', async () => {
    const visitor = createVisitor(app);

    expect((await visitor.visit('/sign-in')).text).not.toContain('/sign-up');
    expect((await visitor.visit('/')).text).not.toContain('/sign-up');
    expect((await visitor.open('/sign-up')).headers.location).toBe('/sign-in');
  });
});

describe('A page that is not there', () => {
  const app = useApp('SQLite');

  it('is said in HTML to a browser, and as a problem document to a program', async () => {
    const page = await app.get('/nowhere').set('Accept', 'text/html,*/*;q=0.8').expect(404);
    expect([page.type, headingOf(page), page.headers.vary]).toEqual([
      'text/html',
      'There is no page here',
      expect.stringContaining('Accept'),
    ]);

    expect(page.text).toContain('<a href="/">Go to the start page</a>');

    const problem = await app.get('/nowhere').set('Accept', '*/*').expect(404);
    expect([problem.type, problem.body.code]).toEqual(['application/problem+json', 'not_found']);
  });

  it('is a problem document on a route of the API, also for a browser', async () => {
    const { type } = await app.get('/me').set('Accept', 'text/html').expect(401);
    expect(type).toBe('application/problem+json');
  });
});

describe('The page of an error where pages are off', () => {
  const app = useApp('SQLite', { PAGES: 'off' });

  it('links to no start page', async () => {
    const page = await app.get('/login/link/nothing').set('Accept', 'text/html');

    expect(headingOf(page)).toBe('This link does not work');
    expect(page.text).not.toContain('start page');
  });
});

describe('Everything that pages answer', () => {
  const app = useApp('SQLite');

  it('is the same for all who ask for the same, but for the token of the browser', async () => {
    const tokens: string[] = [];
    for (const language of ['en', 'de', 'en', 'de']) {
      const { text, headers } = await createVisitor(app, { 'Accept-Language': language }).visit('/sign-in');
      expect(headers['content-language']).toBe(language);
      expect(Number(headers['content-length'])).toBe(Buffer.byteLength(text));
      // Letters beyond ASCII come as UTF-8.
      expect(text.includes('Möglichkeit')).toBe(language === 'de');
      tokens.push(/name="csrf_token" value="([^"]+)"/.exec(text)?.[1] ?? '');
    }
    expect(new Set(tokens).size).toBe(4);
    for (const origin of ['http://localhost:1', 'http://localhost:2', 'http://localhost:1']) {
      const { headers } = await createVisitor(app).visit(`/sign-in?return_to=${origin}/`);
      expect(headers['content-security-policy']).toContain(`form-action 'self' ${origin};`);
    }
    for (const hint of ['one@example.com', 'other@example.com', 'one@example.com']) {
      const { text } = await createVisitor(app).visit(`/sign-in?login_hint=${hint}`);
      expect(text).toContain(`value="${hint}"`);
    }
  });

  it('cannot be framed or cached, and runs no script but its own', async () => {
    const visitor = createVisitor(app);
    const answers = [
      await visitor.visit('/'),
      await visitor.visit('/sign-in'),
      await visitor.press('password', { identifier: 'x', password: 'y' }),
      await visitor.visit('/sign-up'),
      await visitor.visit('/forgot'),
      await visitor.visit('/verify-email'),
      await visitor.visit('/nowhere'),
    ];

    for (const { headers, text } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': text.includes('csrf_token') ? 'same-origin' : 'no-referrer',
        'x-frame-options': 'DENY',
        'content-language': 'en',
      });
      const policy = headers['content-security-policy'] ?? '';
      expect(policy).toMatch(/^default-src 'none';.*base-uri 'none';frame-ancestors 'none'$/);
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      const [, nonce = ''] = /style-src 'nonce-([^']+)'/.exec(policy) ?? [];
      for (const [tag] of text.matchAll(/<(?:script|link rel="stylesheet")[^>]*>/g))
        expect(tag).toContain(`nonce="${nonce}"`);
      expect(text).not.toMatch(/\son\w+="|\sstyle="|<style|javascript:/);
      expect(wordsOf({ text } as never)).not.toBe('');
    }
    const nonces = answers.map(
      ({ headers }) => /nonce-([^']+)/.exec(headers['content-security-policy'] ?? '')?.[1],
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});
