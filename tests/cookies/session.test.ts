import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import type { TestApp } from '../support/app.ts';
import {
  asPage,
  FORGOTTEN_COOKIE,
  logInByCookie,
  onEachCookieStore,
  PAGE,
  sessionCookieIn,
  setCookiesIn,
  signUpByCookie,
} from '../support/cookies.ts';
import { aPerson, signUp } from '../support/people.ts';

onEachCookieStore((app: TestApp) => {
  describe('A sign-in by cookie', () => {
    it('answers with the user and a CSRF token, and with no token that could be stolen', async () => {
      const person = aPerson();

      const { body } = await app
        .post('/signup')
        .set('Origin', PAGE)
        .send({ ...person, transport: 'cookie' })
        .expect(201);

      expect(Object.keys(body)).toEqual(['user', 'csrf_token', 'expires_at', 'verification']);
      expect(body.user.email).toBe(person.email);
      const idleMilliseconds = Date.parse(body.expires_at) - app.clock.now();
      expect(Math.ceil(idleMilliseconds / 1000)).toBe(app.config.sessions.idleSeconds);
    });

    it('sets cookies that no script can read', async () => {
      const person = await signUp(app);

      const response = await app
        .post('/login')
        .set('Origin', PAGE)
        .send({ email: person.email, password: person.password, transport: 'cookie' })
        .expect(200);

      const cookies = setCookiesIn(response);
      expect(cookies.map((text) => text.replace(/=[^;]*/, '=...'))).toEqual([
        `latchkey=...; Max-Age=${app.config.sessions.idleSeconds}; Path=/; HttpOnly; SameSite=Lax`,
        'latchkey-device=...; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax',
      ]);
    });

    it('takes 256 random bits for the id, signed as express-session signs it', async () => {
      const { cookie } = await signUpByCookie(app);
      expect(decodeURIComponent(cookie)).toMatch(/^latchkey=s:[\w-]{43}\.[\w+/]{43}$/);
    });

    it('gives another id each time, and ends the session that the browser had', async () => {
      const first = await signUpByCookie(app);

      const second = await logInByCookie(app, first, first.cookie);

      expect(second.cookie).not.toBe(first.cookie);
      await app.get('/me').set('Cookie', first.cookie).expect(401);
      await app.get('/me').set('Cookie', second.cookie).expect(200);
    });

    it('never adopts an id that was planted', async () => {
      const thief = await signUpByCookie(app);
      const person = await signUp(app);

      const victim = await logInByCookie(app, person, thief.cookie);

      expect(victim.cookie).not.toBe(thief.cookie);
      await app.get('/me').set('Cookie', thief.cookie).expect(401);
    });

    it('is recorded with its transport', async () => {
      const { cookie } = await signUpByCookie(app);
      const { body } = await app.get('/me/activity').set('Cookie', cookie).expect(200);
      const login = body.events.find(({ type }: { type: string }) => type === 'login.succeeded');
      expect(login.details).toEqual({ method: 'password', transport: 'cookie' });
    });
  });

  describe('A session that has a cookie', () => {
    it('reads the account, and changes it with the CSRF token', async () => {
      const browser = await signUpByCookie(app);

      const { body } = await app.get('/me').set('Cookie', browser.cookie).expect(200);
      const changed = await asPage(app.patch('/me'), browser).send({ name: 'Grace' }).expect(200);

      expect(body.user.id).toBe(browser.id);
      expect(changed.body.user.name).toBe('Grace');
    });

    it('is one of the sessions of its user, with its transport', async () => {
      const browser = await signUpByCookie(app);
      const { body: login } = await app
        .post('/login')
        .send({ email: browser.email, password: browser.password });

      const { body } = await app.get('/sessions').set('Cookie', browser.cookie).expect(200);

      expect(login.access_token).toBeDefined();
      const shown = body.sessions.map(({ transport, current }: Record<string, unknown>) => [
        transport,
        current,
      ]);
      expect(shown.sort()).toEqual([
        ['cookie', true],
        ['token', false],
      ]);
    });

    it('answers GET /csrf with the same token as at the sign-in', async () => {
      const { cookie, csrfToken, expiresAt } = await signUpByCookie(app);
      const { body } = await app.get('/csrf').set('Cookie', cookie).expect(200);
      expect(body).toEqual({ csrf_token: csrfToken, expires_at: expiresAt });
    });

    it('goes on beside a stale cookie of the same name, in either order', async () => {
      const stale = await signUpByCookie(app);
      await asPage(app.post('/logout'), stale).expect(204);
      const good = await signUpByCookie(app);

      for (const cookie of [`${stale.cookie}; ${good.cookie}`, `${good.cookie}; ${stale.cookie}`]) {
        const { body } = await app.get('/me').set('Cookie', cookie).expect(200);
        expect(body.user.id).toBe(good.id);
      }
    });

    it('is verified for a gateway with the same headers as a token', async () => {
      const { cookie, id } = await signUpByCookie(app);
      const response = await app.get('/verify').set('Cookie', cookie).expect(200);
      expect(response.headers).toMatchObject({
        'x-auth-subject': id,
        'x-auth-roles': 'user',
        'x-auth-scope': '',
      });
      expect(response.headers['x-auth-session']).toBe(response.body.sid);
      expect(response.body).toMatchObject({ sub: id, amr: ['pwd'], acr: '1', roles: ['user'] });
      expect(setCookiesIn(response)).toEqual([]);
    });

    it('stays in a browser that logs out the others', async () => {
      const browser = await signUpByCookie(app);

      const answer = await asPage(app.post('/logout?scope=others'), browser).expect(204);

      expect(setCookiesIn(answer).filter((cookie) => cookie.includes('Max-Age=0'))).toEqual([]);
      await app.get('/me').set('Cookie', browser.cookie).expect(200);
    });

    it.each([
      ['a logout', (browser) => asPage(app.post('/logout'), browser).expect(204)],
      ['a logout everywhere', (browser) => asPage(app.post('/logout?scope=global'), browser).expect(204)],
      [
        'a logout of the others elsewhere',
        async ({ email, password }) => {
          const { body } = await app.post('/login').send({ email, password }).expect(200);
          await app.post('/logout?scope=others').auth(body.access_token, { type: 'bearer' }).expect(204);
        },
      ],
      [
        'its end in the list of sessions',
        async (browser) => {
          const { body } = await app.get('/sessions').set('Cookie', browser.cookie).expect(200);
          await asPage(app.delete(`/sessions/${body.sessions[0].id}`), browser).expect(204);
        },
      ],
      [
        'another password from another device',
        async ({ email, password }) => {
          const { body } = await app.post('/login').send({ email, password }).expect(200);
          await app
            .post('/me/password')
            .auth(body.access_token, { type: 'bearer' })
            .send({ current_password: password, new_password: aPerson().password })
            .expect(204);
        },
      ],
      ['a disabled account', ({ id }) => disable(id)],
      [
        'a deleted account',
        (browser) => asPage(app.delete('/me'), browser).send({ password: browser.password }).expect(204),
      ],
    ] as [string, (browser: Awaited<ReturnType<typeof signUpByCookie>>) => Promise<unknown>][])(
      'ends with %s, and the browser forgets its cookie',
      async (_what, end) => {
        const browser = await signUpByCookie(app);

        await end(browser);

        const response = await app.get('/me').set('Cookie', browser.cookie).expect(401);
        expect(response.body.code).toBe('session_ended');
        expect(setCookiesIn(response)).toEqual([FORGOTTEN_COOKIE]);
      },
    );

    it('survives a change of the password that was made with its own cookie', async () => {
      const browser = await signUpByCookie(app);
      const passwords = { current_password: browser.password, new_password: aPerson().password };
      await asPage(app.post('/me/password'), browser).send(passwords).expect(204);
      await app.get('/me').set('Cookie', browser.cookie).expect(200);
    });

    it('gets new rights at its next request, without another sign-in', async () => {
      const browser = await signUpByCookie(app);
      const admin = await anAdmin(app);
      await app
        .put(`/admin/users/${browser.id}/roles`)
        .auth(admin.token, { type: 'bearer' })
        .send({ roles: ['user', 'admin'] })
        .expect(200);

      const { body } = await app.get('/me').set('Cookie', browser.cookie).expect(200);

      expect(body.user.roles).toEqual(['admin', 'user']);
    });
  });

  describe('The lifetime of a session that has a cookie', () => {
    it('rolls: the cookie is sent again with use, and the session lasts', async () => {
      const browser = await signUpByCookie(app);
      const { idleSeconds } = app.config.sessions;

      for (let uses = 0; uses < 4; uses++) {
        app.clock.advanceSeconds(idleSeconds / 2);
        const response = await app.get('/me').set('Cookie', browser.cookie).expect(200);
        expect(sessionCookieIn(response)).toBe(browser.cookie);
      }
    });

    it('ends when it was idle for too long', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(app.config.sessions.idleSeconds + 1);
      await app.get('/me').set('Cookie', browser.cookie).expect(401);
    });

    it('ends after its longest time, however much it is used', async () => {
      const browser = await signUpByCookie(app);
      const { idleSeconds, absoluteSeconds } = app.config.sessions;
      const halves = Math.ceil((2 * absoluteSeconds) / idleSeconds);

      const statuses: number[] = [];
      for (let uses = 0; uses < halves; uses++) {
        app.clock.advanceSeconds(idleSeconds / 2);
        statuses.push((await app.get('/me').set('Cookie', browser.cookie)).status);
      }

      expect(statuses).toEqual([...Array(halves - 1).fill(200), 401]);
    });

    it('is not sent again at every request', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(60);
      const response = await app.get('/me').set('Cookie', browser.cookie).expect(200);
      expect(setCookiesIn(response)).toEqual([]);
    });

    it('is sent again to the browser although a gateway has asked in between', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(app.config.tokens.accessTokenTtlSeconds);
      await app.get('/verify').set('Cookie', browser.cookie).expect(200);

      const response = await app.get('/me').set('Cookie', browser.cookie).expect(200);

      expect(sessionCookieIn(response)).toBe(browser.cookie);
    });
  });

  async function disable(id: string): Promise<void> {
    const { token } = await anAdmin(app);
    await app.post(`/admin/users/${id}/disable`).auth(token, { type: 'bearer' }).expect(200);
  }
});
