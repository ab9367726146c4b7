import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { makeClient, tokenOf } from '../support/clients.ts';
import { asPage, onEachCookieStore, signUpByCookie } from '../support/cookies.ts';
import { times } from '../support/extent.ts';
import { aPerson, signUp } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';
import { addSecondFactor, authenticatedBy, refreshed, stepUpChallenge } from '../support/step-up.ts';

const as = { type: 'bearer' } as const;
const KEY = { name: 'A key', scope: '' };

describe('A recent authentication', () => {
  const app = useApp('SQLite');

  it('is one of exactly the last 900 seconds', async () => {
    const person = await signUp(app);

    app.clock.advanceSeconds(900);
    const then = await refreshed(app, person);
    await app.post('/api-keys').auth(then.token, as).send(KEY).expect(201);

    app.clock.advanceSeconds(1);
    const { body } = await app.post('/api-keys').auth(then.token, as).send(KEY).expect(401);
    expect(body.code).toBe('insufficient_user_authentication');
  });

  it('is not the refresh, nor a session from before its time was recorded', async () => {
    const person = await signUp(app);
    const unknown = { amr: null, authenticatedAt: null };
    await app.models.sessions.update(unknown, { where: { id: person.sessionId } });
    const { token } = await refreshed(app, person);

    const { headers } = await app.post('/api-keys').auth(token, as).send(KEY).expect(401);

    expect(headers['www-authenticate']).toMatch(stepUpChallenge('max_age="900"'));
  });

  it('by two factors is not asked for in the database', async () => {
    const person = await authenticatedBy(app, await signUp(app), 'pwd otp mfa');
    await addSecondFactor(app, person.id);
    const other = await signUp(app);
    const queriesOf = (token: string) =>
      countQueries(app, async () => {
        await app.post('/me/email').auth(token, as).send({ email: 'none' }).expect(400);
      });

    expect(await queriesOf(person.token)).toBe(0);
    expect(await queriesOf(other.token)).toBe(1);
  });

  it('is not asked of API keys and machine clients, which no user stands behind', async () => {
    const admin = await anAdmin(app);
    const { key } = await makeKey(app, admin.token);
    const client = await makeClient(app, { scope: 'users:create' }, admin.token);
    await addSecondFactor(app, admin.id);
    app.clock.advanceSeconds(5000);

    for (const credential of [key, await tokenOf(app, client)]) {
      await app.post('/admin/users').auth(credential, as).send({ email: aPerson().email }).expect(201);
    }
  });

  it.each(['/me/lockdown', '/logout?scope=global'])(
    'is not asked for by POST %s, which makes an account safer',
    async (path) => {
      const person = await authenticatedBy(app, await signUp(app), 'pwd', 5000);
      await addSecondFactor(app, person.id);

      await app.post(path).auth(person.token, as).expect(204);
    },
  );

  it('is refused to an account that was disabled as if its token had been revoked', async () => {
    const { id, token } = await signUp(app);
    await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

    const { body } = await app.post('/api-keys').auth(token, as).send(KEY).expect(401);

    expect(body.code).toBe('token_revoked');
  });
});

describe('A recent authentication of a session that has a cookie', () => {
  onEachCookieStore((app) => {
    it('is asked for as with a token, and given by the password', async () => {
      const browser = await signUpByCookie(app);
      const makeKeyAs = () => asPage(app.post('/api-keys'), browser).send(KEY);
      app.clock.advanceSeconds(901);
      const refused = await makeKeyAs().expect(401);
      expect(refused.body.code).toBe('insufficient_user_authentication');
      expect(refused.headers['www-authenticate']).toMatch(stepUpChallenge('max_age="900"'));

      const { body } = await asPage(app.post('/me/reauthenticate'), browser)
        .send({ password: browser.password })
        .expect(200);

      expect(body).toEqual({
        csrf_token: browser.csrfToken,
        expires_at: expect.any(String),
        acr: '1',
        auth_time: Math.floor(app.clock.now() / 1000),
      });
      await makeKeyAs().expect(201);
      const { body: claims } = await app.get('/verify').set('Cookie', browser.cookie).expect(200);
      expect(claims).toMatchObject({ amr: ['pwd'], acr: '1', auth_time: body.auth_time });
    });

    it('never comes back with a session that is logged out at the same time', async () => {
      for (let round = 0; round < times(3, 20); round++) {
        const browser = await signUpByCookie(app);

        const [raised] = await Promise.all([
          asPage(app.post('/me/reauthenticate'), browser).send({ password: browser.password }),
          asPage(app.post('/logout'), browser).expect(204),
        ]);

        if (raised.status !== 200) expect(['token_revoked', 'session_ended']).toContain(raised.body.code);
        const { body } = await app.get('/me').set('Cookie', browser.cookie).expect(401);
        expect(body.code).toBe('session_ended');
      }
    });

    it('stays with the session through later renewals, also where it came by a token of the page', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(901);
      const { body } = await asPage(app.post('/session/token'), browser).expect(200);
      await app
        .post('/me/reauthenticate')
        .auth(body.access_token, as)
        .send({ password: browser.password })
        .expect(200);

      app.clock.advanceSeconds(880);

      await asPage(app.post('/api-keys'), browser).send(KEY).expect(201);
    });
  });
});
