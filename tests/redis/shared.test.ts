import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { statusCounts, waitFor } from '../limits/requests.ts';
import type { TestApp } from '../support/app.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aNetwork, expectLimited, quotasOf, remainingOf } from '../support/quotas.ts';
import { onRedis, useRedis } from '../support/redis.ts';
import { useTwoApps } from '../support/two-apps.ts';

onRedis(() => {
  /** Two apps that count in one Redis, and are connected to it. */
  function useCountingApps(env: Record<string, string>) {
    const redis = useRedis();
    const apps = useTwoApps('SQLite', () => ({ ...env, TRUST_PROXY: '1', REDIS_URL: redis.url }));
    beforeAll(async () => {
      await Promise.all([apps.first, apps.second].map(({ logs }) => logs.logged('redis is connected')));
    });
    return { redis, apps };
  }

  describe('Two processes', () => {
    const { redis, apps } = useCountingApps({
      RATE_LIMIT_SIGNUP_IP: '3/60',
      RATE_LIMIT_LOGIN_IP: '3/60',
      RATE_LIMIT_REFRESH_SESSION: '3/60',
      RATE_LIMIT_TOKEN: '3/60',
    });

    async function aMember() {
      const person = aPerson();
      const { body } = await apps.first
        .post('/signup')
        .set('X-Forwarded-For', aNetwork())
        .send(person)
        .expect(201);
      return { token: String(body.access_token), refreshToken: String(body.refresh_token) };
    }

    type Send = (app: TestApp) => ReturnType<TestApp['get']>;

    /** The ways to be counted, each with a key that is new. */
    const WAYS: Record<string, () => Promise<Send>> = {
      'signup-ip': async () => {
        const address = aNetwork();
        // One that is accepted counts its mail as well.
        return (app) => app.post('/signup').set('X-Forwarded-For', address).send({});
      },
      'login-ip': async () => {
        const address = aNetwork();
        return (app) => app.post('/login').set('X-Forwarded-For', address).send({});
      },
      'refresh-session': async () => {
        const { refreshToken } = await aMember();
        return (app) => app.post('/refresh').send({ refresh_token: refreshToken });
      },
      token: async () => {
        const { token } = await aMember();
        return (app) => app.get('/verify').auth(token, { type: 'bearer' });
      },
    };

    it.each(Object.entries(WAYS))('count together under %s', async (policy, prepare) => {
      const send = await prepare();

      const answers = [await send(apps.first), await send(apps.second), await send(apps.first)];

      expect(answers.map(({ status }) => status)).not.toContain(429);
      expect(remainingOf(answers)).toEqual([2, 1, 0]);
      for (const app of [apps.second, apps.first, apps.second]) {
        expectLimited(await send(app), { policy, limit: 3, windowSeconds: 60 });
      }
    });

    it('keep apart what is counted under other policies and for others', async () => {
      const [signup, login, token, otherToken] = await Promise.all([
        WAYS['signup-ip']?.(),
        WAYS['login-ip']?.(),
        WAYS.token?.(),
        WAYS.token?.(),
      ]);
      const sends = [signup, login, token, otherToken].filter((send) => send !== undefined);

      const answers = [];
      for (const send of sends) answers.push(await send(apps.second));

      expect(remainingOf(answers)).toEqual([2, 2, 2, 2]);
    });

    it('leave nothing in Redis that does not go by itself, and nothing that is not theirs', async () => {
      await (await WAYS.token?.())?.(apps.first);
      await (await WAYS['login-ip']?.())?.(apps.second);
      const client = new Redis(redis.url);

      const keys = await client.keys('*');
      const lifetimes = await Promise.all(keys.map((key) => client.pttl(key)));

      client.disconnect();
      expect(keys.length).toBeGreaterThanOrEqual(2);
      expect(keys.filter((key) => !key.startsWith('latchkey:limit:'))).toEqual([]);
      expect(lifetimes.filter((milliseconds) => milliseconds <= 0 || milliseconds > 60_000)).toEqual([]);
    });
  });

  describe('Two processes under a limit of ten', () => {
    const { apps } = useCountingApps({ RATE_LIMIT_TOKEN: '10/60' });

    it('let exactly ten of a hundred requests through that come at once', async () => {
      const { token } = await signUp(apps.first);

      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          (index % 2 === 0 ? apps.first : apps.second).get('/verify').auth(token, { type: 'bearer' }),
        ),
      );

      expect(statusCounts(answers)).toEqual({ 200: 10, 429: 90 });
      const passed = answers.filter(({ status }) => status === 200);
      expect(remainingOf(passed).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  });

  describe('A window in Redis that ends', () => {
    const { apps } = useCountingApps({ RATE_LIMIT_LOGIN_IP: '2/1' });

    it('gives the quota back in both processes after the seconds in Retry-After', async () => {
      const address = aNetwork();
      const logInAt = (app: TestApp) => app.post('/login').set('X-Forwarded-For', address).send({});
      let refused = await logInAt(apps.first);
      while (refused.status !== 429) refused = await logInAt(apps.first);
      expectLimited(refused, { policy: 'login-ip', limit: 2, windowSeconds: 1 });

      await waitFor(refused);

      const again = await Promise.all([logInAt(apps.first), logInAt(apps.second)]);
      expect(statusCounts(again)).toEqual({ 400: 2 });
      expect(again.map((answer) => quotasOf(answer)[0]?.remaining).sort()).toEqual([0, 1]);
    });
  });
});
