import { describe, expect, it } from '@jest/globals';
import { asPage, logInByCookie, onEachCookieStore, signUpByCookie } from '../../support/cookies.ts';
import { addTotp, codeOf } from '../../support/factors.ts';
import { signUp } from '../../support/people.ts';

const CHALLENGE_ID = '01a1f739-6923-7248-88fc-19260e07eec4';

onEachCookieStore((app) => {
  describe('POST /session/code', () => {
    it('answers 200 with a code that an app exchanges once for a session of its own', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(60);

      const { body } = await asPage(app.post('/session/code'), browser).expect(200);

      const { body: login } = await app.post('/login/exchange').send({ code: body.code }).expect(200);
      expect(login.user.email).toBe(browser.email);
      await app.post('/login/exchange').send({ code: body.code }).expect(400);
      const { body: listed } = await app
        .get('/sessions')
        .auth(login.access_token, { type: 'bearer' })
        .expect(200);
      expect(listed.sessions).toHaveLength(2);
    });

    it('answers 200 with a code that proves no more, and no later, than the session has', async () => {
      const browser = await signUpByCookie(app);
      const signedInAt = Math.floor(app.clock.now() / 1000);
      app.clock.advanceSeconds(600);

      const { body } = await asPage(app.post('/session/code'), browser).expect(200);

      const { body: login } = await app.post('/login/exchange').send({ code: body.code }).expect(200);
      const [, payload = ''] = (login.access_token as string).split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      expect([claims.amr, claims.auth_time]).toEqual([['pwd'], signedInAt]);
    });

    it('answers 200 with a code that takes the challenge_id of the app, if that has made one', async () => {
      const browser = await signUpByCookie(app);
      const { body } = await asPage(app.post('/session/code'), browser)
        .send({ challenge_id: CHALLENGE_ID })
        .expect(200);

      await app.post('/login/exchange').send({ code: body.code }).expect(400);
      await app
        .post('/login/exchange')
        .send({ code: body.code, challenge_id: CHALLENGE_ID.replace('0', '1') })
        .expect(400);
      await app.post('/login/exchange').send({ code: body.code, challenge_id: CHALLENGE_ID }).expect(200);
    });

    it('answers 200 with a code that asks for no second factor, since the session has met what was required', async () => {
      const person = await signUp(app);
      const { secret } = await addTotp(app, person.token);
      app.clock.advanceSeconds(30);
      const { body: challenge } = await app
        .post('/login')
        .send({ email: person.email, password: person.password, transport: 'cookie' })
        .expect(403);
      const remembered = await app
        .post('/login/factor')
        .send({
          challenge_token: challenge.challenge_token,
          method: 'totp',
          code: codeOf(app, secret),
          remember_device: true,
        })
        .expect(200);
      const device = (remembered.headers['set-cookie'] as unknown as string[])
        .map((cookie) => cookie.split(';')[0])
        .join('; ');
      const browser = await logInByCookie(app, person, device);

      const { body } = await asPage(app.post('/session/code'), browser).expect(200);

      await app.post('/login/exchange').send({ code: body.code }).expect(200);
    });

    it('gives no session for a code of a user whose sessions have all been ended since', async () => {
      const browser = await signUpByCookie(app);
      const { body } = await asPage(app.post('/session/code'), browser).expect(200);
      await asPage(app.post('/logout?scope=global'), browser).expect(204);

      await app.post('/login/exchange').send({ code: body.code }).expect(400);
    });
  });

  describe('POST /session/code without a session by cookie', () => {
    it('answers 401 without one, 403 to a token, and 403 without a CSRF token', async () => {
      const { token } = await signUp(app);
      const { cookie } = await signUpByCookie(app);

      await app.post('/session/code').expect(401);
      const { body } = await app.post('/session/code').auth(token, { type: 'bearer' }).expect(403);
      expect(body.code).toBe('cookie_required');
      await app.post('/session/code').set({ Cookie: cookie, Origin: 'https://app.example.com' }).expect(403);
    });
  });
});
