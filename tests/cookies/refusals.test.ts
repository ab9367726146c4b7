import { describe, expect, it } from '@jest/globals';
import { userWho } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { makeClient, tokenOf } from '../support/clients.ts';
import {
  asPage,
  FORGOTTEN_COOKIE,
  logInByCookie,
  PAGE,
  sessionCookieIn,
  setCookiesIn,
  signUpByCookie,
  useCookieApp,
} from '../support/cookies.ts';
import { onOneDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

const FOREIGN = 'https://evil.example.net';

onOneDatabase((kind) => {
  describe('A change that comes with a cookie', () => {
    const app = useCookieApp(kind);

    it.each([
      ['the CSRF token of another session', PAGE, 'other'],
      ['no CSRF token', PAGE, undefined],
      ['an empty CSRF token', PAGE, ''],
      ['a CSRF token that is cut short', PAGE, 'short'],
    ])('is refused with %s', async (_what, origin, given) => {
      const browser = await signUpByCookie(app);
      const other = await signUpByCookie(app);
      const tokens: Record<string, string> = {
        other: other.csrfToken,
        short: browser.csrfToken.slice(0, -1),
      };
      const request = app.patch('/me').set('Cookie', browser.cookie).set('Origin', origin);
      if (given !== undefined) request.set('X-CSRF-Token', tokens[given] ?? given);

      const { body } = await request.send({ name: 'Mallory' }).expect(403);

      expect(body.code).toBe('csrf_token_invalid');
      expect((await app.get('/me').set('Cookie', browser.cookie)).body.user.name).toBeNull();
    });

    it.each([
      ['an origin that is not listed', { Origin: FOREIGN }],
      ['the origin of a sandboxed page', { Origin: 'null' }],
      ['no Origin', {}],
      ['no Origin, from another site', { 'Sec-Fetch-Site': 'cross-site' }],
      ['no Origin, from another subdomain', { 'Sec-Fetch-Site': 'same-site' }],
      [
        'its own origin, from another site',
        { Origin: 'https://auth.example.com', 'Sec-Fetch-Site': 'cross-site' },
      ],
      ['a listed origin over HTTP', { Origin: PAGE.replace('https', 'http') }],
    ] as [string, Record<string, string>][])(
      'is refused with %s, CSRF token or not',
      async (_what, headers) => {
        const { cookie, csrfToken } = await signUpByCookie(app);

        const { body } = await app
          .patch('/me')
          .set({ Cookie: cookie, 'X-CSRF-Token': csrfToken, ...headers })
          .send({ name: 'Mallory' })
          .expect(403);

        expect(body.code).toBe('origin_not_allowed');
      },
    );

    it.each([
      [
        'the public origin of the service',
        { Origin: 'https://auth.example.com', 'Sec-Fetch-Site': 'same-origin' },
      ],
      ['a listed origin of another site', { Origin: PAGE, 'Sec-Fetch-Site': 'cross-site' }],
      ['no Origin, from the same origin', { 'Sec-Fetch-Site': 'same-origin' }],
    ] as [string, Record<string, string>][])('is done with %s', async (_what, headers) => {
      const { cookie, csrfToken } = await signUpByCookie(app);
      await app
        .patch('/me')
        .set({ Cookie: cookie, 'X-CSRF-Token': csrfToken, ...headers })
        .send({ name: 'Grace' })
        .expect(200);
    });

    it('is done from the host at which the service was called', async () => {
      const { cookie, csrfToken } = await signUpByCookie(app);
      const headers = { Cookie: cookie, 'X-CSRF-Token': csrfToken, Origin: app.url };
      await app.patch('/me').set(headers).send({ name: 'Grace' }).expect(200);
    });

    it('is refused as a form, which a page elsewhere can send', async () => {
      const browser = await signUpByCookie(app);
      await asPage(app.post('/me/password'), browser)
        .type('form')
        .send({ current_password: 'x' })
        .expect(415);
    });

    it('needs no CSRF token where a gateway asks, but an allowed origin', async () => {
      const { cookie } = await signUpByCookie(app);
      const asked = (origin: string) =>
        fetch(`${app.url}/verify/orders`, { method: 'POST', headers: { Cookie: cookie, Origin: origin } });
      expect((await asked(PAGE)).status).toBe(200);
      expect((await asked(FOREIGN)).status).toBe(403);
    });

    it('needs no CSRF token beside an access token of the same user', async () => {
      const browser = await signUpByCookie(app);
      const { body } = await asPage(app.post('/session/token'), browser).expect(200);
      await app
        .patch('/me')
        .auth(body.access_token, { type: 'bearer' })
        .set('Cookie', browser.cookie)
        .send({ name: 'Grace' })
        .expect(200);
    });
  });

  describe('A sign-in by cookie', () => {
    const app = useCookieApp(kind);

    it.each(['/login', '/signup'])('is refused at %s to a page elsewhere', async (path) => {
      const person = aPerson();

      const response = await app
        .post(path)
        .set('Origin', FOREIGN)
        .send({ email: person.email, password: person.password, transport: 'cookie' })
        .expect(403);

      expect(response.body.code).toBe('origin_not_allowed');
      expect(response.body.detail).toBe(
        `${FOREIGN} is neither the origin of this service nor one in CORS_ORIGINS.`,
      );
      expect(setCookiesIn(response)).toEqual([]);
      await app.post('/signup').send(person).expect(201);
    });

    it('is refused to a page of another site, whose browser would drop the cookie', async () => {
      const person = aPerson();
      const response = await app
        .post('/signup')
        .set({ Origin: PAGE, 'Sec-Fetch-Site': 'cross-site' })
        .send({ ...person, transport: 'cookie' })
        .expect(400);
      expect(response.body.code).toBe('cookie_not_settable');
      expect(response.body.detail).toMatch(/^The page is on another site than this service/);
      await app.post('/signup').send(person).expect(201);
    });

    it('is open to clients that are no browser', async () => {
      const person = aPerson();
      await app
        .post('/signup')
        .send({ ...person, transport: 'cookie' })
        .expect(201);
    });

    it('is refused with another transport', async () => {
      const { body } = await app
        .post('/signup')
        .send({ ...aPerson(), transport: 'pigeon' })
        .expect(400);
      expect(body.errors).toMatchObject([{ pointer: '/transport', code: 'invalid' }]);
    });

    it('sets no cookie where the password is wrong', async () => {
      const { email } = await signUp(app);
      const response = await app
        .post('/login')
        .set('Origin', PAGE)
        .send({ email, password: aPerson().password, transport: 'cookie' })
        .expect(401);
      expect(setCookiesIn(response)).toEqual([]);
    });

    it('is recognized as a known device by the device cookie', async () => {
      const person = await signUp(app);
      const { email, password } = person;
      const response = await app
        .post('/login')
        .set('Origin', PAGE)
        .send({ email, password, transport: 'cookie' });
      const device = setCookiesIn(response)[1]?.split(';')[0] ?? '';
      for (let failures = 0; failures < 7; failures++) {
        await app.post('/login').send({ email, password: 'not it at all' });
      }

      await app.post('/login').send({ email, password }).expect(429);
      await app.post('/login').set('Cookie', device).send({ email, password }).expect(200);
    });
  });

  describe('A cookie beside an access token', () => {
    const app = useCookieApp(kind);

    it('is refused where they belong to different users', async () => {
      const { cookie } = await signUpByCookie(app);
      const other = await signUp(app);
      const { body } = await app
        .get('/me')
        .auth(other.token, { type: 'bearer' })
        .set('Cookie', cookie)
        .expect(400);
      expect(body.code).toBe('credentials_conflict');
    });

    it('is refused at a logout too, which then ends neither session', async () => {
      const browser = await signUpByCookie(app);
      const other = await signUp(app);
      const both = (body?: object) => asPage(app.post('/logout'), browser).send(body);

      const byToken = await both().auth(other.token, { type: 'bearer' }).expect(400);
      const byRefreshToken = await both({ refresh_token: other.refreshToken }).expect(400);

      expect([byToken, byRefreshToken].map(({ body }) => body.code)).toEqual(
        Array(2).fill('credentials_conflict'),
      );
      await app.get('/me').set('Cookie', browser.cookie).expect(200);
      await app.get('/me').auth(other.token, { type: 'bearer' }).expect(200);
    });

    it('does not keep anyone from a logout once it is stale', async () => {
      const browser = await signUpByCookie(app);
      await asPage(app.post('/logout'), browser).expect(204);
      const { token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).set('Cookie', browser.cookie).expect(204);
    });

    it('is refused beside a machine client', async () => {
      const { cookie } = await signUpByCookie(app);
      const token = await tokenOf(app, await makeClient(app));
      await app.get('/verify').auth(token, { type: 'bearer' }).set('Cookie', cookie).expect(400);
    });

    it('counts as a credential that has to be good', async () => {
      const browser = await signUpByCookie(app);
      await asPage(app.post('/logout'), browser).expect(204);
      const { token } = await signUp(app);
      await app.get('/me').auth(token, { type: 'bearer' }).set('Cookie', browser.cookie).expect(401);
      await app
        .get('/me')
        .auth('no.such.token', { type: 'bearer' })
        .set('Cookie', browser.cookie)
        .expect(401);
    });
  });

  describe('A cookie that is no good', () => {
    const app = useCookieApp(kind);

    it.each([
      ['unsigned', 'latchkey=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq'],
      ['signed by a stranger', `latchkey=${encodeURIComponent(`s:${'a'.repeat(43)}.${'b'.repeat(43)}`)}`],
      ['empty', 'latchkey='],
      ['not decodable', 'latchkey=s%3A%ZZ'],
    ])('is refused and forgotten: %s', async (_what, cookie) => {
      const response = await app.get('/me').set('Cookie', cookie).expect(401);
      expect(response.body.code).toBe('session_ended');
      expect(response.headers['www-authenticate']).toMatch(/^Bearer /);
      expect(setCookiesIn(response)).toEqual([FORGOTTEN_COOKIE]);
    });

    it('does not keep anyone from signing in', async () => {
      const person = await signUp(app);
      const browser = await logInByCookie(app, person, 'latchkey=s%3Ago-away.xyz');
      await app.get('/me').set('Cookie', browser.cookie).expect(200);
    });

    it('counts as none where the name is another one', async () => {
      const { body } = await app
        .get('/me')
        .set('Cookie', 'my-latchkey=1; latchkeys=2; theme=dark')
        .expect(401);
      expect(body.code).toBe('token_missing');
    });

    it('is looked for among a bounded number', async () => {
      const { cookie } = await signUpByCookie(app);
      const stale = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const browser = await signUpByCookie(app);
          await asPage(app.post('/logout'), browser).expect(204);
          return browser.cookie;
        }),
      );
      await app
        .get('/me')
        .set('Cookie', [...stale, cookie].join('; '))
        .expect(401);
    });
  });

  describe('A database that is behind', () => {
    const app = useCookieApp(kind);

    it('gives no cookie rights that are known to have changed', async () => {
      const { id, cookie } = await signUpByCookie(app);
      const changedAt = new Date(app.clock.now() + 1000);
      app.revocations.add([{ kind: 'rights', subjectId: id, notBefore: changedAt, expiresAt: changedAt }]);

      const { body, headers } = await app.get('/me').set('Cookie', cookie).expect(503);

      expect(body.code).toBe('database_behind');
      expect(headers['retry-after']).toBe('1');
    });
  });

  describe('A logout by cookie', () => {
    const app = useCookieApp(kind);

    it('has the browser forget the cookie', async () => {
      const browser = await signUpByCookie(app);
      const response = await asPage(app.post('/logout'), browser).expect(204);
      expect(setCookiesIn(response)).toEqual([FORGOTTEN_COOKIE]);
    });

    it('may be repeated', async () => {
      const browser = await signUpByCookie(app);
      await asPage(app.post('/logout'), browser).expect(204);
      await asPage(app.post('/logout'), browser).expect(204);
    });

    it('is refused without the CSRF token, and to a page elsewhere', async () => {
      const { cookie, csrfToken } = await signUpByCookie(app);
      await app.post('/logout').set({ Cookie: cookie, Origin: PAGE }).expect(403);
      await app
        .post('/logout')
        .set({ Cookie: cookie, Origin: FOREIGN, 'X-CSRF-Token': csrfToken })
        .expect(403);
      await app.get('/me').set('Cookie', cookie).expect(200);
    });

    it('ends the other sessions too where that is asked for', async () => {
      const browser = await signUpByCookie(app);
      const other = await logInByCookie(app, browser);
      const answer = await asPage(app.post('/logout?scope=others'), browser).expect(204);
      expect(answer.headers).not.toHaveProperty('set-cookie');
      await app.get('/me').set('Cookie', other.cookie).expect(401);
      await app.get('/me').set('Cookie', browser.cookie).expect(200);
    });
  });

  describe('POST /session/token', () => {
    const app = useCookieApp(kind);

    it('gives an access token of the same session, which ends with it', async () => {
      const browser = await signUpByCookie(app);

      const { body } = await asPage(app.post('/session/token'), browser).expect(200);

      expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in', 'scope']);
      const { body: claims } = await app.get('/verify').set('Cookie', browser.cookie).expect(200);
      expect(claimsIn(body.access_token)).toMatchObject({ sub: browser.id, sid: claims.sid, amr: ['pwd'] });
      await app.get('/me').auth(body.access_token, { type: 'bearer' }).expect(200);
      await asPage(app.post('/logout'), browser).expect(204);
      await app.get('/me').auth(body.access_token, { type: 'bearer' }).expect(401);
    });

    it('narrows the token to a scope', async () => {
      const person = await userWho(app, ['users:read', 'audit:read']);
      const browser = await logInByCookie(app, person);
      const { body } = await asPage(app.post('/session/token'), browser)
        .send({ scope: 'users:read' })
        .expect(200);
      expect(body.scope).toBe('users:read');
      expect(claimsIn(body.access_token)).toMatchObject({ scope: 'users:read', roles: [] });
    });

    it('refuses a scope beyond what the user may do', async () => {
      const browser = await signUpByCookie(app);
      const { body } = await asPage(app.post('/session/token'), browser)
        .send({ scope: 'users:read' })
        .expect(403);
      expect(body.code).toBe('insufficient_scope');
    });

    it.each(['/csrf', '/session/token'])('is for cookies alone, as %s says', async (path) => {
      const { token } = await signUp(app);
      const request = path === '/csrf' ? app.get(path) : app.post(path);
      const { body } = await request.auth(token, { type: 'bearer' }).expect(403);
      expect(body.code).toBe('cookie_required');
    });

    it('gives a token that lives no longer than the session', async () => {
      const browser = await signUpByCookie(app);
      const { idleSeconds, absoluteSeconds } = app.config.sessions;
      for (let at = 0; at + idleSeconds / 2 < absoluteSeconds - 60; at += idleSeconds / 2) {
        app.clock.advanceSeconds(idleSeconds / 2);
        await app.get('/me').set('Cookie', browser.cookie).expect(200);
      }
      const { body } = await app.get('/csrf').set('Cookie', browser.cookie).expect(200);
      const left = Math.floor((Date.parse(body.expires_at) - app.clock.now()) / 1000);
      app.clock.advanceSeconds(left - 60);

      const answer = await asPage(app.post('/session/token'), browser).expect(200);

      expect(answer.body.expires_in).toBeLessThanOrEqual(60);
    });
  });

  describe('The limit of a session that has a cookie', () => {
    const app = useCookieApp(kind, () => ({ RATE_LIMIT_TOKEN: '3/60' }));

    it('is that of its access tokens', async () => {
      const { cookie } = await signUpByCookie(app);
      for (let requests = 0; requests < 3; requests++)
        await app.get('/verify').set('Cookie', cookie).expect(200);
      const { body } = await app.get('/verify').set('Cookie', cookie).expect(429);
      expect(body.policy).toBe('token');
    });
  });

  describe('CORS with credentials', () => {
    const app = useCookieApp(kind);

    it('is for listed origins alone', async () => {
      const { cookie } = await signUpByCookie(app);
      const listed = await app.get('/me').set({ Cookie: cookie, Origin: PAGE }).expect(200);
      const foreign = await app.get('/me').set({ Cookie: cookie, Origin: FOREIGN }).expect(200);
      expect(listed.headers).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers':
          'Date,Location,RateLimit,RateLimit-Policy,Retry-After,WWW-Authenticate,X-Request-Id',
      });
      expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
      expect(foreign.headers).not.toHaveProperty('access-control-allow-credentials');
    });
  });

  describe('A cookie behind a proxy that ends TLS, in production', () => {
    const production = {
      NODE_ENV: 'production',
      JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI',
      BCRYPT_COST: '10',
    };
    const trusting = useApp(kind, { ...production, TRUST_PROXY: 'loopback' });
    const direct = useApp(kind, production);

    function signUpVia(app: TestApp, protocol: string) {
      const body = { ...aPerson(), transport: 'cookie' };
      return app.post('/signup').set({ 'X-Forwarded-Proto': protocol }).send(body);
    }

    it('has a name that only this host can set over HTTPS', async () => {
      const response = await signUpVia(trusting, 'https').expect(201);
      expect(setCookiesIn(response)[0]).toMatch(
        /^__Host-latchkey=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      const cookie = sessionCookieIn(response);
      await trusting.get('/me').set('Cookie', cookie).expect(200);
      await trusting.get('/me').set('Cookie', cookie.replace('__Host-', '')).expect(401);
    });

    it('is refused over HTTP before an account is made, as the browser would not keep it', async () => {
      for (const request of [signUpVia(trusting, 'http'), signUpVia(direct, 'https')]) {
        const response = await request.expect(400);
        expect(response.body.code).toBe('cookie_not_settable');
        expect(setCookiesIn(response)).toEqual([]);
      }
      expect(await direct.models.users.count()).toBe(0);
    });
  });

  describe('A cookie for all subdomains', () => {
    const app = useCookieApp(kind, () => ({ COOKIE_DOMAIN: 'example.com', COOKIE_SAMESITE: 'none' }));
    const lax = useCookieApp(kind, () => ({ COOKIE_DOMAIN: 'example.com', COOKIE_SECRET: 'x'.repeat(40) }));

    it('is set for the domain', async () => {
      const response = await lax
        .post('/signup')
        .set('Host', 'auth.example.com')
        .send({ ...aPerson(), transport: 'cookie' })
        .expect(201);
      expect(setCookiesIn(response)[0]).toMatch(
        /^latchkey=[^;]+; Max-Age=\d+; Domain=example.com; Path=\/; HttpOnly; SameSite=Lax$/,
      );
    });

    it('is refused at a host outside of it', async () => {
      const { body } = await lax
        .post('/signup')
        .send({ ...aPerson(), transport: 'cookie' })
        .expect(400);
      expect(body.detail).toBe('The cookie is for example.com, and this host is 127.0.0.1.');
    });

    it('is refused over HTTP where other sites may send it', async () => {
      const { body } = await app
        .post('/signup')
        .set('Host', 'auth.example.com')
        .send({ ...aPerson(), transport: 'cookie' })
        .expect(400);
      expect(body.code).toBe('cookie_not_settable');
    });

    it('says in the log what it costs', async () => {
      const warned = app.config.warnings.join('\n');
      expect(warned).toMatch(/COOKIE_DOMAIN is example.com: every host below it gets the session cookie/);
      expect(warned).toMatch(
        /COOKIE_SAMESITE is none: browsers send the session cookie with requests from any site/,
      );
    });
  });
});
