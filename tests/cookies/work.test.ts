import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { asPage, signUpByCookie, useCookieApp } from '../support/cookies.ts';
import { countQueries } from '../support/queries.ts';
import { onRedis, useRedis } from '../support/redis.ts';

/** What the service does with the records of sessions. */
const COMMANDS = ['get', 'set', 'del', 'expire', 'pexpire', 'getex'];

onRedis(() => {
  const redis = useRedis();
  const app = useCookieApp('SQLite', () => ({ REDIS_URL: redis.url, RATE_LIMITS: 'off' }));
  let operator: Redis;

  beforeAll(() => {
    operator = new Redis(redis.url);
  });
  afterAll(() => operator.disconnect());

  /** How often each command was called during `work`, those that were not left out. */
  async function commandsDuring(work: () => Promise<unknown>): Promise<Record<string, number>> {
    await operator.config('RESETSTAT');
    await work();
    const stats = [...(await operator.info('commandstats')).matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)];
    const calls = stats.map(([, name = '', times]) => [name, Number(times)] as const);
    return Object.fromEntries(calls.filter(([name]) => COMMANDS.includes(name)));
  }

  describe('The work of a request by cookie', () => {
    it('is one look-up in Redis, and no query for the session', async () => {
      const { cookie } = await signUpByCookie(app);
      const verify = () => app.get('/verify').set('Cookie', cookie).expect(200);

      expect(await commandsDuring(verify)).toEqual({ get: 1 });
      expect(await countQueries(app, verify)).toBe(0);
    });

    it('is the same for a change, in addition to what is changed', async () => {
      const browser = await signUpByCookie(app);
      const ask = () => asPage(app.post('/session/token'), browser).expect(200);

      expect(await commandsDuring(ask)).toEqual({ get: 1 });
      expect(await countQueries(app, ask)).toBe(0);
    });

    it('is one command more when the session is renewed', async () => {
      const { cookie } = await signUpByCookie(app);
      app.clock.advanceSeconds(app.config.tokens.accessTokenTtlSeconds / 2);

      const renewed = await commandsDuring(() => app.get('/csrf').set('Cookie', cookie).expect(200));

      expect(renewed).toEqual({ get: 1, set: 1 });
    });
  });
});
