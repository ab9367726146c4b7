import { describe, expect, it } from '@jest/globals';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { TEST_SECRET, type TestApp, useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import { useTwoApps } from '../support/two-apps.ts';

const own = createRefreshTokens([secretKey(TEST_SECRET)]);

function refresh(app: TestApp, refreshToken: string) {
  return app.post('/refresh').send({ refresh_token: refreshToken });
}

/** A user whose refresh was carried out, whether or not they learned of it. */
async function refreshedOnce(app: TestApp) {
  const person = await signUp(app);
  const { body } = await refresh(app, person.refreshToken).expect(200);
  return { ...person, newToken: body.access_token as string, newRefreshToken: body.refresh_token as string };
}

async function use(app: TestApp, token: string): Promise<void> {
  await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
}

async function expectReused(app: TestApp, refreshToken: string): Promise<void> {
  const { body } = await refresh(app, refreshToken).expect(401);
  expect(body.code).toBe('refresh_token_reused');
}

const counted = async (app: TestApp, outcome: string) =>
  sumOf(await app.scrape(), 'latchkey_refreshes_total', { outcome });

onEachDatabase((kind) => {
  describe('A refresh token whose answer was lost', () => {
    const app = useApp(kind);

    it('gets the same successor for 300 seconds, as often as it is shown, and then ends the session', async () => {
      const { refreshToken, newRefreshToken } = await refreshedOnce(app);

      for (const seconds of [11, 100, 189]) {
        app.clock.advanceSeconds(seconds);
        const { body } = await refresh(app, refreshToken).expect(200);
        expect(body.refresh_token).toBe(newRefreshToken);
      }
      app.clock.advanceSeconds(0.001);

      await expectReused(app, refreshToken);
    });

    it('gets tokens that work', async () => {
      const { refreshToken } = await refreshedOnce(app);
      app.clock.advanceSeconds(200);

      const { body } = await refresh(app, refreshToken).expect(200);

      await use(app, body.access_token);
      await refresh(app, body.refresh_token).expect(200);
    });

    it.each<[where: string, use: (token: string) => Promise<unknown>]>([
      ['at the gateway', (token) => use(app, token)],
      ['at a route', (token) => app.get('/me').auth(token, { type: 'bearer' }).expect(200)],
      [
        'by a service that asks about it',
        async (token) => {
          const { id, secret } = await makeClient(app);
          await app.post('/oauth/introspect').auth(id, secret).type('form').send({ token }).expect(200);
        },
      ],
      [
        'to log others out',
        (token) => app.post('/logout?scope=others').auth(token, { type: 'bearer' }).expect(204),
      ],
    ])('gets nothing more than 10 seconds after its successor was used %s', async (_where, useIt) => {
      const { refreshToken, newToken } = await refreshedOnce(app);
      app.clock.advanceSeconds(60);
      await useIt(newToken);
      app.clock.advanceSeconds(10.001);

      await expectReused(app, refreshToken);
    });

    it('gets its successor although the access token before is in use', async () => {
      const { refreshToken, token } = await refreshedOnce(app);
      await use(app, token);
      app.clock.advanceSeconds(60);

      await refresh(app, refreshToken).expect(200);
    });

    it('gets it in two tabs, where the second one asks within the grace of the first one', async () => {
      const { refreshToken } = await refreshedOnce(app);
      app.clock.advanceSeconds(60);
      const firstTab = await refresh(app, refreshToken).expect(200);
      await use(app, firstTab.body.access_token);
      app.clock.advanceSeconds(10);

      const secondTab = await refresh(app, refreshToken).expect(200);

      expect(secondTab.body.refresh_token).toBe(firstTab.body.refresh_token);
      app.clock.advanceSeconds(0.001);
      await expectReused(app, refreshToken);
    });

    it.each([
      [5, 'grace'],
      [60, 'retry'],
    ])('after %i seconds is recorded in the audit log and counted as %s', async (seconds, answer) => {
      const { id, sessionId, refreshToken } = await refreshedOnce(app);
      const before = await counted(app, answer);
      app.clock.advanceSeconds(seconds);

      await refresh(app, refreshToken).expect(200);

      const rows = await app.models.ledger.findAll({
        where: { sessionId, type: 'refresh.repeated' },
      });
      expect(rows.map((row) => row.get())).toMatchObject([
        { subjectId: id, outcome: 'success', actorType: 'anonymous', details: JSON.stringify({ answer }) },
      ]);
      expect(await counted(app, answer)).toBe(before + 1);
    });

    it('keeps its session while it is judged by its scope as well', async () => {
      const { refreshToken, newRefreshToken } = await refreshedOnce(app);
      app.clock.advanceSeconds(60);
      const wish = { grant_type: 'refresh_token', refresh_token: refreshToken };

      await app
        .post('/oauth/token')
        .type('form')
        .send({ ...wish, scope: 'users:delete' })
        .expect(400);
      const { body } = await app.post('/oauth/token').type('form').send(wish).expect(200);

      expect(body.refresh_token).toBe(newRefreshToken);
    });
  });

  describe('A refresh token that is ahead of the database', () => {
    const app = useApp(kind);

    it('is answered 503 and keeps its session, at every route', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      const { id, secret } = await makeClient(app);

      for (const counter of [1, 2, 1000]) {
        const token = own.issue({ sessionId, counter });
        const { body, headers } = await refresh(app, token).expect(503);
        expect(body.code).toBe('database_behind');
        expect(headers['retry-after']).toBe('1');
        const asked = await app.post('/oauth/introspect').auth(id, secret).type('form').send({ token });
        expect([asked.status, asked.body.error]).toEqual([503, 'temporarily_unavailable']);
        const form = { grant_type: 'refresh_token', refresh_token: token };
        const granted = await app.post('/oauth/token').type('form').send(form);
        expect([granted.status, granted.body.error]).toEqual([503, 'temporarily_unavailable']);
      }

      await refresh(app, refreshToken).expect(200);
      expect(app.logs.entries()).toContainEqual(
        expect.objectContaining({ event: 'database_behind', session_id: sessionId }),
      );
    });

    it('is taken as soon as the database has come to it', async () => {
      const { sessionId } = await signUp(app);
      const token = own.issue({ sessionId, counter: 3 });
      await refresh(app, token).expect(503);

      await app.models.sessions.update({ refreshCounter: 3 }, { where: { id: sessionId } });

      await refresh(app, token).expect(200);
    });

    it('can log out', async () => {
      const { sessionId, token } = await signUp(app);

      await app
        .post('/logout')
        .send({ refresh_token: own.issue({ sessionId, counter: 2 }) })
        .expect(204);

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
    });

    it('is invalid once the session has ended, which no delay explains', async () => {
      const { sessionId, token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      const { body } = await refresh(app, own.issue({ sessionId, counter: 2 })).expect(401);

      expect(body.code).toBe('invalid_refresh_token');
    });
  });

  describe('A refresh token whose answer was lost, with REFRESH_RETRY_SECONDS=0', () => {
    const app = useApp(kind, { REFRESH_RETRY_SECONDS: '0' });

    it('gets its successor for the grace alone', async () => {
      const { refreshToken } = await refreshedOnce(app);
      app.clock.advanceSeconds(10);
      await refresh(app, refreshToken).expect(200);
      app.clock.advanceSeconds(0.001);

      await expectReused(app, refreshToken);
    });
  });

  describe('A refresh token whose answer was lost, with REFRESH_RETRY_SECONDS=86400', () => {
    const app = useApp(kind, { REFRESH_RETRY_SECONDS: '86400' });

    it('gets its successor for a day', async () => {
      const { refreshToken } = await refreshedOnce(app);
      app.clock.advanceSeconds(86_400);
      await refresh(app, refreshToken).expect(200);
      app.clock.advanceSeconds(0.001);

      await expectReused(app, refreshToken);
    });
  });

  describe('A refresh token whose successor was used in another process', () => {
    const apps = useTwoApps(kind);

    it('gets nothing after the grace, once the other one has written that down', async () => {
      const { refreshToken, newToken, sessionId } = await refreshedOnce(apps.first);
      await use(apps.second, newToken);
      await use(apps.second, newToken);
      await apps.second.confirmations.flush();
      const row = await apps.first.models.sessions.findByPk(sessionId);
      expect(row?.confirmedAt).toEqual(new Date(apps.second.clock.now()));
      apps.first.clock.advanceSeconds(11);

      await expectReused(apps.first, refreshToken);
      apps.second.clock.advanceSeconds(11);
    });

    it('is written down once for each refresh, however often its tokens are used', async () => {
      const { newToken } = await refreshedOnce(apps.first);
      let writes = 0;
      apps.first.database.sequelize.addHook('beforeQuery', 'count', () => {
        writes++;
      });

      for (let uses = 0; uses < 5; uses++) {
        await use(apps.first, newToken);
        await apps.first.confirmations.flush();
      }

      apps.first.database.sequelize.removeHook('beforeQuery', 'count');
      expect(writes).toBe(1);
    });
  });
});
