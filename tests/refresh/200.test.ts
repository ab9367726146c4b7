import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { signUp } from '../support/people.ts';
import { useTwoApps } from '../support/two-apps.ts';

const IDLE_SECONDS = 2_592_000;
const PARALLEL = 50;
const ROUNDS = times(3, 10);

function refresh(app: TestApp, refreshToken: string) {
  return app.post('/refresh').send({ refresh_token: refreshToken });
}

onEachDatabase((kind) => {
  describe('POST /refresh', () => {
    const app = useApp(kind);

    it('answers 200 with a new access token of the same session and the next refresh token', async () => {
      const { id, token, refreshToken, sessionId } = await signUp(app);
      app.clock.advanceSeconds(60);

      const response = await refresh(app, refreshToken).expect(200);

      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body).toEqual({
        access_token: expect.stringMatching(/^eyJ/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(new RegExp(`^${sessionId}\\.1\\.[A-Za-z0-9_-]{43}$`)),
        refresh_expires_in: IDLE_SECONDS,
      });
      const [before, after] = [claimsIn(token), claimsIn(response.body.access_token)];
      expect(after).toEqual({
        ...before,
        rot: 1,
        iat: before.iat + 60,
        exp: before.exp + 60,
        jti: expect.not.stringContaining(before.jti),
      });
      expect(after.sub).toBe(id);
      await app.get('/me').auth(response.body.access_token, { type: 'bearer' }).expect(200);
    });

    it('answers 200 with the proof of the login, however often the session was refreshed since', async () => {
      const { refreshToken, token } = await signUp(app);
      const { amr, acr, auth_time } = claimsIn(token);
      app.clock.advanceSeconds(60);
      const first = await refresh(app, refreshToken).expect(200);
      app.clock.advanceSeconds(60);

      const { body } = await refresh(app, first.body.refresh_token).expect(200);

      expect({ amr, acr }).toEqual({ amr: ['pwd'], acr: '1' });
      expect(claimsIn(body.access_token)).toMatchObject({ amr, acr, auth_time });
    });

    it('answers 200 without a proof where the session is from before that was recorded', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      const unknown = { amr: null, authenticatedAt: null };
      await app.models.sessions.update(unknown, { where: { id: sessionId } });

      const { body } = await refresh(app, refreshToken).expect(200);

      const claims = claimsIn(body.access_token);
      expect(claims).not.toHaveProperty('amr');
      expect(claims).not.toHaveProperty('acr');
      expect(claims).not.toHaveProperty('auth_time');
      await app.get('/me').auth(body.access_token, { type: 'bearer' }).expect(200);
    });

    it('answers 200 to the token of a sign-up and of a login alike, each for its own session', async () => {
      const { email, password, refreshToken, sessionId } = await signUp(app);
      const login = await app.post('/login').send({ email, password }).expect(200);

      const ofSignup = await refresh(app, refreshToken).expect(200);
      const ofLogin = await refresh(app, login.body.refresh_token).expect(200);

      expect(login.body.refresh_expires_in).toBe(IDLE_SECONDS);
      expect(claimsIn(ofSignup.body.access_token).sid).toBe(sessionId);
      expect(claimsIn(ofLogin.body.access_token).sid).toBe(claimsIn(login.body.access_token).sid);
      expect(claimsIn(ofLogin.body.access_token).sid).not.toBe(sessionId);
    });

    it('answers 200 again and again, each time to the refresh token of the time before', async () => {
      let { refreshToken } = await signUp(app);
      const seen = new Set([refreshToken]);

      for (let round = 0; round < 12; round++) {
        app.clock.advanceSeconds(1000);
        refreshToken = (await refresh(app, refreshToken).expect(200)).body.refresh_token;
        seen.add(refreshToken);
      }

      expect(seen.size).toBe(13);
    });

    it('leaves the access token before it alive until it expires', async () => {
      const { token, refreshToken } = await signUp(app);

      await refresh(app, refreshToken).expect(200);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 200 also when the request carries an expired access token, as clients send with everything', async () => {
      const { token, refreshToken } = await signUp(app);
      app.clock.advanceSeconds(2000);
      await app.get('/me').auth(token, { type: 'bearer' }).expect(401);

      await refresh(app, refreshToken).auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 200 to the previous token for 10 seconds, with the very same successor', async () => {
      const { refreshToken } = await signUp(app);
      const first = await refresh(app, refreshToken).expect(200);
      app.clock.advanceSeconds(10);

      const second = await refresh(app, refreshToken).expect(200);

      expect(second.body.refresh_token).toBe(first.body.refresh_token);
      await app.get('/me').auth(second.body.access_token, { type: 'bearer' }).expect(200);
      await refresh(app, second.body.refresh_token).expect(200);
    });

    it('answers 200 to the previous token in the grace without moving anything of the session', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      await refresh(app, refreshToken).expect(200);
      const before = await app.models.sessions.findByPk(sessionId);
      app.clock.advanceSeconds(9);

      const { body } = await refresh(app, refreshToken).expect(200);

      const after = await app.models.sessions.findByPk(sessionId);
      expect(after?.get()).toEqual(before?.get());
      expect(body.refresh_expires_in).toBe(IDLE_SECONDS - 9);
    });

    it('records when the session was used and until when it lasts', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      const before = (await app.models.sessions.findByPk(sessionId))?.get();
      app.clock.advanceSeconds(3600);

      await refresh(app, refreshToken).expect(200);

      const at = app.clock.now();
      expect((await app.models.sessions.findByPk(sessionId))?.get()).toEqual({
        ...before,
        refreshCounter: 1,
        rotatedAt: new Date(at),
        earlierRotations: null,
        lastUsedAt: new Date(at),
        idleExpiresAt: new Date(at + IDLE_SECONDS * 1000),
      });
    });

    it('keeps nothing in the database that a thief could refresh with', async () => {
      const { refreshToken } = await signUp(app);
      const { body } = await refresh(app, refreshToken).expect(200);
      const rows = await app.models.sessions.findAll({ raw: true });

      for (const token of [refreshToken, body.refresh_token]) {
        expect(JSON.stringify(rows)).not.toContain(token.split('.')[2]);
      }
    });

    it(`answers 200 to ${PARALLEL} requests at once with one token, which moves the session one step`, async () => {
      const { refreshToken, sessionId } = await signUp(app);

      const responses = await Promise.all(Array.from({ length: PARALLEL }, () => refresh(app, refreshToken)));

      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(responses.map(({ body }) => body.refresh_token)).size).toBe(1);
      expect(new Set(responses.map(({ body }) => body.access_token)).size).toBe(PARALLEL);
      expect((await app.models.sessions.findByPk(sessionId))?.refreshCounter).toBe(1);
    });

    it('answers 200 while others sign up and log out, as many at once as a busy minute brings', async () => {
      const people = await Promise.all(Array.from({ length: 15 }, () => signUp(app)));

      const statuses = await Promise.all([
        ...people.map(async ({ refreshToken }) => (await refresh(app, refreshToken)).status),
        ...people.map(async ({ token, email, password }) => {
          await app.post('/login').send({ email, password });
          return (await app.post('/logout?scope=others').auth(token, { type: 'bearer' })).status;
        }),
        ...people.map(async () => (await signUp(app)) && 201),
      ]);

      expect(new Set(statuses)).toEqual(new Set([200, 204, 201]));
    });
  });

  describe('POST /refresh of a session of 100 seconds at rest and 250 at most', () => {
    const app = useApp(kind, { SESSION_IDLE_SECONDS: '100', SESSION_ABSOLUTE_SECONDS: '250' });

    it('answers 200 as long as it is refreshed in time, with lifetimes that never pass the absolute end', async () => {
      const response = await signUp(app);
      const born = app.clock.now();
      const lifetimes: [at: number, expiresIn: number, refreshExpiresIn: number][] = [];
      let { refreshToken } = response;

      for (const seconds of [99, 99, 40, 11]) {
        app.clock.advanceSeconds(seconds);
        const { body } = await refresh(app, refreshToken).expect(200);
        lifetimes.push([(app.clock.now() - born) / 1000, body.expires_in, body.refresh_expires_in]);
        refreshToken = body.refresh_token;
        const { exp } = claimsIn(body.access_token);
        expect(exp * 1000).toBeLessThanOrEqual(born + 250_000);
      }

      expect(lifetimes).toEqual([
        [99, 100, 100],
        [198, 52, 52],
        [238, 12, 12],
        [249, 1, 1],
      ]);
      app.clock.advanceSeconds(1);
      await refresh(app, refreshToken).expect(401);
    });

    it('answers 401 once it has rested for 100 seconds', async () => {
      const [inTime, late] = [await signUp(app), await signUp(app)];

      app.clock.advanceSeconds(99);
      await refresh(app, inTime.refreshToken).expect(200);
      app.clock.advanceSeconds(1);

      const { body } = await refresh(app, late.refreshToken).expect(401);
      expect(body.code).toBe('invalid_refresh_token');
    });

    it('has a login name lifetimes that end with the session as well', async () => {
      const { email, password } = await signUp(app);

      const { body } = await app.post('/login').send({ email, password }).expect(200);

      expect(body).toMatchObject({ expires_in: 100, refresh_expires_in: 100 });
    });
  });

  describe('POST /refresh of two processes on one database', () => {
    const apps = useTwoApps(kind);

    it('answers 200 to a token that the other one issued', async () => {
      const { refreshToken } = await signUp(apps.first);

      const { body } = await refresh(apps.second, refreshToken).expect(200);

      await refresh(apps.first, body.refresh_token).expect(200);
    });

    it(`answers 200 to ${PARALLEL} requests at once with one and the same successor, ${ROUNDS} rounds long`, async () => {
      let { refreshToken, sessionId } = await signUp(apps.first);

      for (let round = 1; round <= ROUNDS; round++) {
        const responses = await Promise.all(
          Array.from({ length: PARALLEL }, (_, index) =>
            refresh(index % 2 ? apps.first : apps.second, refreshToken),
          ),
        );
        expect(responses.map(({ status }) => status)).toEqual(Array(PARALLEL).fill(200));
        expect(new Set(responses.map(({ body }) => body.refresh_token)).size).toBe(1);
        refreshToken = responses[0]?.body.refresh_token;
        expect((await apps.first.models.sessions.findByPk(sessionId))?.refreshCounter).toBe(round);
      }
    });
  });
});
