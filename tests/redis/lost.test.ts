import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { TestApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';
import { expectLimited, quotasOf } from '../support/quotas.ts';
import { LOSSES, onRedis, REDIS_LOG } from '../support/redis.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { soon } from '../support/soon.ts';
import { startTwoApps } from '../support/two-apps.ts';

const LIMIT = 5;
const POLICY = { policy: 'token', limit: LIMIT, windowSeconds: 60 };
/** Long enough for several attempts, also for one that times out. */
const RECONNECTING_MILLISECONDS = 1500;

function verify(app: TestApp, token: string): Promise<Response> {
  return soon(app.get('/verify').auth(token, { type: 'bearer' }));
}

/** What the log says of Redis, one entry after another. */
function saidOfRedis({ logs }: TestApp): string[] {
  return logs
    .entries()
    .filter(({ msg }) => String(msg).startsWith('redis'))
    .map(({ level, msg }) => `${level} ${msg}`);
}

onRedis(() => {
  let redis: RedisServer;
  const apps: TestApp[] = [];

  beforeEach(async () => {
    redis = await startRedisServer();
  });
  afterEach(async () => {
    const violations = apps.flatMap(({ contractViolations }) => contractViolations);
    for (const app of apps.splice(0).reverse()) await app.stop();
    await redis.stop();
    expect(violations).toEqual([]);
  });

  /** Two apps on one database that shall count in the Redis of the test. */
  async function startApps(): Promise<[TestApp, TestApp]> {
    const env = { RATE_LIMIT_TOKEN: `${LIMIT}/60`, REDIS_URL: redis.url, HASH_MAX_WAIT_MS: '60000' };
    const started = await startTwoApps('SQLite', env);
    apps.push(...started);
    return started;
  }

  async function startConnectedApps(): Promise<[TestApp, TestApp]> {
    const started = await startApps();
    await Promise.all(started.map(({ logs }) => logs.logged(REDIS_LOG.connected)));
    return started;
  }

  /** Holds that this process limits by itself, and that no request waits or fails for it. */
  async function expectOwnLimits(app: TestApp, token: string): Promise<void> {
    const answers: Response[] = [];
    for (let count = 0; count <= LIMIT; count++) answers.push(await verify(app, token));

    expect(answers.map(({ status }) => status)).toEqual([...Array(LIMIT).fill(200), 429]);
    const last = answers.at(-1);
    if (last) expectLimited(last, POLICY);
  }

  /** Holds that what one process counts is counted for the other. */
  async function expectSharedLimits(first: TestApp, second: TestApp): Promise<void> {
    const { token } = await signUp(first);
    const left: unknown[] = [];
    for (let count = 0; count < LIMIT; count++) {
      const response = await verify(count % 2 === 0 ? first : second, token);
      left.push(quotasOf(response)[0]?.remaining);
    }

    expect(left).toEqual([4, 3, 2, 1, 0]);
    for (const app of [first, second]) expectLimited(await verify(app, token), POLICY);
  }

  describe.each(LOSSES)('A Redis that $how', ({ lose, giveBack }) => {
    it('has each process limit by itself, without a request that fails or waits, until it is back and they share the counts again; each is logged once', async () => {
      const [first, second] = await startConnectedApps();
      const said = [`30 ${REDIS_LOG.connected}`];

      for (let times = 1; times <= 3; times++) {
        const { token } = await signUp(first);
        await lose(redis);
        await expectOwnLimits(first, token);
        await expectOwnLimits(second, token);

        await giveBack(redis);
        await Promise.all([first, second].map(({ logs }) => logs.logged(REDIS_LOG.connected, times + 1)));

        await expectSharedLimits(first, second);
        said.push(`40 ${REDIS_LOG.away}`, `30 ${REDIS_LOG.connected}`);
        for (const app of [first, second]) expect(saidOfRedis(app)).toEqual(said);
      }
    });

    it('fails none of the requests that are on their way, and is one warning, however many come and however long it lasts', async () => {
      const [first] = await startConnectedApps();
      const people = await Promise.all(Array.from({ length: 8 }, () => signUp(first)));
      const storm = () => people.flatMap(({ token }) => [verify(first, token), verify(first, token)]);

      const before = storm();
      await lose(redis);
      const answers = await Promise.all([...before, ...storm()]);

      expect(answers.map(({ status }) => status)).toEqual(Array(32).fill(200));
      await first.logs.logged(REDIS_LOG.away);

      const others = await Promise.all(Array.from({ length: 4 }, () => signUp(first)));
      const reconnecting = performance.now() + RECONNECTING_MILLISECONDS;
      do {
        await Promise.all(others.map(({ token }) => verify(first, token)));
      } while (performance.now() < reconnecting);

      expect(saidOfRedis(first)).toEqual([`30 ${REDIS_LOG.connected}`, `40 ${REDIS_LOG.away}`]);
      expect(first.logs.entries().filter(({ level }) => Number(level) >= 50)).toEqual([]);
    });

    it('does not keep a process from starting, which limits by itself until Redis is there', async () => {
      await lose(redis);
      const [first, second] = await startApps();
      const { token } = await signUp(first);

      await expectOwnLimits(first, token);
      await expectOwnLimits(second, token);
      await Promise.all([first, second].map(({ logs }) => logs.logged(REDIS_LOG.away)));
      await giveBack(redis);
      await Promise.all([first, second].map(({ logs }) => logs.logged(REDIS_LOG.connected)));

      await expectSharedLimits(first, second);
      for (const app of [first, second])
        expect(saidOfRedis(app)).toEqual([`40 ${REDIS_LOG.away}`, `30 ${REDIS_LOG.connected}`]);
    });
  });
});
