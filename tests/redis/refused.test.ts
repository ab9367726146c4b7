import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { startApp, type TestApp } from '../support/app.ts';
import { CANARY } from '../support/logs.ts';
import { signUp } from '../support/people.ts';
import { expectLimited, quotasOf } from '../support/quotas.ts';
import { onRedis, REDIS_LOG, useRedis } from '../support/redis.ts';

const POLICY = { policy: 'token', limit: 3, windowSeconds: 60 };

onRedis(() => {
  const redis = useRedis();
  let app: TestApp;
  let operator: Redis;

  beforeEach(() => {
    operator = new Redis(redis.url);
  });
  afterEach(async () => {
    operator.disconnect();
    await app.stop();
  });

  async function startWith(redisUrl: string): Promise<void> {
    app = await startApp('SQLite', { RATE_LIMIT_TOKEN: '3/60', REDIS_URL: redisUrl });
  }

  async function expectLimits(): Promise<void> {
    const { token } = await signUp(app);
    const verify = () => app.get('/verify').auth(token, { type: 'bearer' });
    const left: unknown[] = [];
    for (let count = 0; count < 3; count++) left.push(quotasOf(await verify().expect(200))[0]?.remaining);
    expect(left).toEqual([2, 1, 0]);
    expectLimited(await verify(), POLICY);
  }

  const entriesOfRedis = () => app.logs.entries().filter(({ msg }) => String(msg).startsWith('redis'));
  const countsInRedis = async () => (await operator.keys('latchkey:limit:token:*')).length;

  describe('A Redis that is full', () => {
    it('leaves the process limiting by itself, is one warning, and is used again once it has room', async () => {
      await startWith(redis.url);
      await app.logs.logged(REDIS_LOG.connected);
      await operator.flushall();

      await operator.config('SET', 'maxmemory', '1');
      for (let count = 0; count < 3; count++) await expectLimits();
      expect(await countsInRedis()).toBe(0);
      await operator.config('SET', 'maxmemory', '0');
      await expectLimits();

      expect(await countsInRedis()).toBe(1);
      expect(entriesOfRedis().map(({ level, msg }) => `${level} ${msg}`)).toEqual([
        `30 ${REDIS_LOG.connected}`,
        `40 ${REDIS_LOG.rejects}`,
      ]);
      expect(entriesOfRedis()[1]).toMatchObject({ err: { message: expect.stringContaining('OOM') } });
    });
  });

  describe('A Redis that has forgotten its scripts', () => {
    it('goes on counting', async () => {
      await startWith(redis.url);
      await app.logs.logged(REDIS_LOG.connected);
      await expectLimits();
      await operator.flushall();

      await operator.script('FLUSH');
      await expectLimits();

      expect(await countsInRedis()).toBe(1);
      expect(entriesOfRedis().map(({ msg }) => msg)).toEqual([REDIS_LOG.connected]);
    });
  });

  describe('The password in REDIS_URL', () => {
    it.each([
      ['a wrong password', `:${CANARY}-that-is-wrong@`],
      ['a user whom it does not know', `somebody:${CANARY}-that-is-wrong@`],
    ])('stands nowhere in the log where Redis refuses %s, and limits go on', async (_what, credentials) => {
      const url = new URL(redis.url);

      await startWith(`redis://${credentials}${url.host}/0`);
      await app.logs.logged(REDIS_LOG.away);
      await expectLimits();

      expect(app.logs.lines.join('')).not.toContain(CANARY);
      expect(entriesOfRedis()).toEqual([
        expect.objectContaining({
          level: 40,
          msg: REDIS_LOG.away,
          err: expect.objectContaining({ message: expect.stringContaining('WRONGPASS') }),
        }),
      ]);
    });

    it('stands nowhere in the log where Redis is missing, comes, and is lost', async () => {
      const url = redis.url;
      expect(url).toContain(CANARY);
      await redis.kill();
      await startWith(url);
      await app.logs.logged(REDIS_LOG.away);
      await redis.restart();
      await app.logs.logged(REDIS_LOG.connected);
      await expectLimits();
      redis.pause();
      await expectLimits();
      redis.resume();
      await app.logs.logged(REDIS_LOG.connected, 2);

      expect(entriesOfRedis().length).toBeGreaterThanOrEqual(4);
      expect(app.logs.lines.join('')).not.toContain(CANARY);
    });
  });
});
