import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

/** A user with three sessions. */
async function logInThrice(app: TestApp) {
  const person = await signUp(app);
  const { email, password } = person;
  const logIn = async (): Promise<Tokens> => {
    const { body } = await app.post('/login').send({ email, password }).expect(200);
    return { access: body.access_token, refresh: body.refresh_token };
  };
  const own: Tokens = { access: person.token, refresh: person.refreshToken };
  return { ...person, own, others: [await logIn(), await logIn()] as const };
}

async function isAlive(app: TestApp, { access, refresh }: Tokens): Promise<boolean> {
  const verified = await app.get('/verify').auth(access, { type: 'bearer' });
  const refreshed = await app.post('/refresh').send({ refresh_token: refresh });
  expect([200, 401]).toContain(verified.status);
  expect(refreshed.status).toBe(verified.status);
  if (verified.status === 401) {
    expect([verified.body.code, refreshed.body.code]).toEqual(['token_revoked', 'invalid_refresh_token']);
  }
  return verified.status === 200;
}

onEachDatabase((kind) => {
  describe('POST /logout', () => {
    const app = useApp(kind);

    function logOut(token: string, query = '') {
      return app.post(`/logout${query}`).auth(token, { type: 'bearer' });
    }

    it('answers 204 with no body; the access token and the refresh token are dead at once', async () => {
      const { own } = await logInThrice(app);

      const response = await logOut(own.access).expect(204);

      expect(response.text).toBe('');
      expect(response.headers).not.toHaveProperty('content-type');
      expect(await isAlive(app, own)).toBe(false);
    });

    it.each<[query: string, own: boolean, others: boolean]>([
      ['', false, true],
      ['?scope=local', false, true],
      ['?scope=others', true, false],
      ['?scope=global', false, false],
    ])(
      'answers 204 to "%s" and leaves this session alive: %s, the others: %s',
      async (query, ownAlive, othersAlive) => {
        const { own, others } = await logInThrice(app);

        await logOut(own.access, query).expect(204);

        expect(await isAlive(app, own)).toBe(ownAlive);
        for (const other of others) expect(await isAlive(app, other)).toBe(othersAlive);
      },
    );

    it.each(['', '?scope=others', '?scope=global'])(
      'answers 204 to "%s" and ends no session of others',
      async (query) => {
        const stranger = await signUp(app);
        const { own } = await logInThrice(app);

        await logOut(own.access, query).expect(204);

        expect(await isAlive(app, { access: stranger.token, refresh: stranger.refreshToken })).toBe(true);
      },
    );

    it.each(['', '?scope=others', '?scope=global'])(
      'answers 204 to "%s" a second time as well',
      async (query) => {
        const { own } = await logInThrice(app);

        await logOut(own.access, query).expect(204);
        await logOut(own.access, query).expect(204);
      },
    );

    it('answers 204 ten times at once, and the session is recorded as revoked once', async () => {
      const { own, sessionId } = await logInThrice(app);

      const responses = await Promise.all(Array.from({ length: 10 }, () => logOut(own.access)));

      expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(204));
      const rows = await app.models.revocations.findAll({ where: { subjectId: sessionId } });
      expect(rows.length).toBe(1);
      expect((await app.models.sessions.findByPk(sessionId))?.get()).toMatchObject({
        revokedAt: new Date(app.clock.now()),
        revokedReason: 'logout',
      });
    });

    it('answers 204 for a body that is an empty object', async () => {
      const { own } = await logInThrice(app);

      await logOut(own.access).send({}).expect(204);

      expect(await isAlive(app, own)).toBe(false);
    });

    it('leaves the person free to log in again', async () => {
      const { own, email, password } = await logInThrice(app);

      await logOut(own.access, '?scope=global').expect(204);

      const { body } = await app.post('/login').send({ email, password }).expect(200);
      expect(await isAlive(app, { access: body.access_token, refresh: body.refresh_token })).toBe(true);
    });

    it('ends the tokens of all refreshes of the session', async () => {
      const { own } = await logInThrice(app);
      const next = await app.post('/refresh').send({ refresh_token: own.refresh }).expect(200);

      await logOut(own.access).expect(204);

      await app.get('/verify').auth(next.body.access_token, { type: 'bearer' }).expect(401);
      await app.post('/refresh').send({ refresh_token: next.body.refresh_token }).expect(401);
    });

    it('writes no token into the log', async () => {
      const { own } = await logInThrice(app);

      await app.post('/logout').send({ refresh_token: own.refresh }).expect(204);

      expect(app.logs.lines.join('')).not.toContain(own.refresh.split('.')[2]);
    });

    it('answers 204 on behalf of a refresh token without any access token', async () => {
      const { own, others } = await logInThrice(app);

      await app.post('/logout').send({ refresh_token: own.refresh }).expect(204);

      expect(await isAlive(app, own)).toBe(false);
      for (const other of others) expect(await isAlive(app, other)).toBe(true);
    });

    it('answers 204 to the same refresh token a second time', async () => {
      const { own } = await logInThrice(app);

      await app.post('/logout').send({ refresh_token: own.refresh }).expect(204);
      await app.post('/logout').send({ refresh_token: own.refresh }).expect(204);
    });

    it.each<[query: string, own: boolean, others: boolean]>([
      ['', false, true],
      ['?scope=others', true, false],
      ['?scope=global', false, false],
    ])(
      'answers 204 to "%s" with an expired access token and a refresh token (own alive: %s, others: %s)',
      async (query, ownAlive, othersAlive) => {
        const { own, others } = await logInThrice(app);
        app.clock.advanceSeconds(2000);
        await logOut(own.access).expect(401);

        await logOut(own.access, query).send({ refresh_token: own.refresh }).expect(204);

        const alive = async ({ refresh }: Tokens) =>
          (await app.post('/refresh').send({ refresh_token: refresh })).status === 200;
        expect(await alive(own)).toBe(ownAlive);
        for (const other of others) expect(await alive(other)).toBe(othersAlive);
      },
    );

    it('answers 204 to an older refresh token of the session, which the client may still hold', async () => {
      const { own } = await logInThrice(app);
      const next = await app.post('/refresh').send({ refresh_token: own.refresh }).expect(200);
      const last = await app.post('/refresh').send({ refresh_token: next.body.refresh_token }).expect(200);
      app.clock.advanceSeconds(60);

      await app.post('/logout').send({ refresh_token: own.refresh }).expect(204);

      await app.get('/verify').auth(last.body.access_token, { type: 'bearer' }).expect(401);
      await app.post('/refresh').send({ refresh_token: last.body.refresh_token }).expect(401);
    });

    it('answers 204 to both tokens of one session', async () => {
      const { own, others } = await logInThrice(app);

      await logOut(own.access).send({ refresh_token: own.refresh }).expect(204);

      expect(await isAlive(app, own)).toBe(false);
      expect(await isAlive(app, others[0])).toBe(true);
    });

    it('answers 204 to a refresh token beside an access token that is none', async () => {
      const { own } = await logInThrice(app);

      await logOut('garbage').send({ refresh_token: own.refresh }).expect(204);

      expect(await isAlive(app, own)).toBe(false);
    });

    it('ends no other session for a refresh token that was used up, and so may have been copied', async () => {
      const { own, others } = await logInThrice(app);
      await app.post('/refresh').send({ refresh_token: own.refresh }).expect(200);

      for (const scope of ['others', 'global']) {
        await app.post(`/logout?scope=${scope}`).send({ refresh_token: own.refresh }).expect(204);
      }

      for (const other of others) expect(await isAlive(app, other)).toBe(true);
    });

    it('ends no other session for the tokens of one that has ended', async () => {
      const { own, others } = await logInThrice(app);
      await logOut(others[0].access, '?scope=others').expect(204);
      expect(await isAlive(app, own)).toBe(false);

      for (const scope of ['others', 'global']) {
        await logOut(own.access, `?scope=${scope}`);
        await app.post(`/logout?scope=${scope}`).send({ refresh_token: own.refresh });
      }

      expect(await isAlive(app, others[0])).toBe(true);
    });
  });

  describe('POST /logout while revocations are stale', () => {
    const app = useApp(kind, { REVOCATION_WHEN_STALE: 'refuse' });

    it('answers 204 since the session must end all the same', async () => {
      const { token } = await signUp(app);
      app.clock.advanceSeconds(60);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(503);

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      await app.follower.catchUp();
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
    });
  });
});
