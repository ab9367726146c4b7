import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { TEST_SECRET, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { expectLimited, quotasOf, remainingOf } from '../support/quotas.ts';

const POLICY = { policy: 'refresh-session', limit: 3, windowSeconds: 60 };

const own = createRefreshTokens([secretKey(TEST_SECRET)]);
const foreign = createRefreshTokens([secretKey('another-secret-that-this-service-has-never-heard-of')]);

onEachDatabase((kind) => {
  describe('A refresh token under refresh-session', () => {
    const app = useApp(kind, { RATE_LIMIT_REFRESH_SESSION: '3/60' });

    const refresh = (refreshToken: string) => app.post('/refresh').send({ refresh_token: refreshToken });
    const logOut = (refreshToken: string) => app.post('/logout').send({ refresh_token: refreshToken });

    /** A user whose session has been refreshed as often as it may, with the refresh token it has now. */
    async function usedUp() {
      const person = await signUp(app);
      let { refreshToken } = person;
      for (let count = 0; count < POLICY.limit; count++) {
        refreshToken = (await refresh(refreshToken).expect(200)).body.refresh_token;
      }
      return { ...person, refreshToken };
    }

    async function rowOf(sessionId: string) {
      return (await app.models.sessions.findByPk(sessionId))?.get();
    }

    it('tells with every answer what is left to the session, however often it is rotated or refused', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      const rotated = await refresh(refreshToken);
      const notYet = await refresh(own.issue({ sessionId, counter: 7 }));
      const again = await refresh(rotated.body.refresh_token);

      const answers = [rotated, notYet, again];
      expect(answers.map(({ status }) => status)).toEqual([200, 503, 200]);
      expect(remainingOf(answers)).toEqual([2, 1, 0]);
      for (const answer of answers) expect(quotasOf(answer)).toMatchObject([POLICY]);
    });

    it('is refused over the limit with 429', async () => {
      const { refreshToken } = await usedUp();

      expectLimited(await refresh(refreshToken), POLICY);
    });

    it('that is refused is not rotated: the session stays as it was', async () => {
      const { refreshToken, sessionId } = await usedUp();
      const before = await rowOf(sessionId);

      await refresh(refreshToken).expect(429);

      expect(await rowOf(sessionId)).toEqual(before);
    });

    it('that was used before ends nothing while it is refused', async () => {
      const { refreshToken, sessionId, token } = await usedUp();
      const before = await rowOf(sessionId);
      app.clock.advanceSeconds(11);

      await refresh(own.issue({ sessionId, counter: 0 })).expect(429);
      await refresh(refreshToken).expect(429);

      expect(await rowOf(sessionId)).toEqual(before);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('counts when it logs out, and does not log out over the limit', async () => {
      const person = await signUp(app);
      await refresh(person.refreshToken).expect(200);
      const loggedOut = await logOut(own.issue({ sessionId: person.sessionId, counter: 0 })).expect(204);
      expect(quotasOf(loggedOut)).toMatchObject([{ ...POLICY, remaining: 1 }]);
      const { refreshToken, sessionId, token } = await usedUp();
      const before = await rowOf(sessionId);

      expectLimited(await logOut(refreshToken), POLICY);

      expect(await rowOf(sessionId)).toEqual(before);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('that is refused leaves the access token as it was, which can still log out', async () => {
      const { refreshToken, token } = await usedUp();
      await refresh(refreshToken).expect(429);

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);
    });

    it('of another session is not refused, not even of the same person', async () => {
      const { email, password, refreshToken } = await usedUp();
      await refresh(refreshToken).expect(429);
      const login = await app.post('/login').send({ email, password }).expect(200);
      const stranger = await signUp(app);

      const answers = [
        await refresh(login.body.refresh_token).expect(200),
        await refresh(stranger.refreshToken).expect(200),
      ];

      expect(remainingOf(answers)).toEqual([2, 2]);
    });

    it('that was not made here is 401 and counts for no session', async () => {
      const { refreshToken, sessionId } = await signUp(app);

      for (let count = 0; count <= POLICY.limit; count++) {
        const forged = await refresh(foreign.issue({ sessionId, counter: 0 })).expect(401);
        const garbage = await logOut('garbage').expect(401);
        expect([quotasOf(forged), quotasOf(garbage)]).toEqual([[], []]);
      }

      expect(remainingOf([await refresh(refreshToken).expect(200)])).toEqual([2]);
    });

    it('of a session that never was counts too, so that each asks the database so often only', async () => {
      const token = own.issue({ sessionId: randomUUID(), counter: 0 });
      for (let count = 0; count < POLICY.limit; count++) await refresh(token).expect(401);

      expectLimited(await refresh(token), POLICY);
    });
  });
});
