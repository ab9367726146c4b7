import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../support/app.ts';
import {
  asPage,
  type Browser,
  logInByCookie,
  PAGE,
  signUpByCookie,
  untilRedisIsUp,
} from '../support/cookies.ts';
import { aPerson, signUp } from '../support/people.ts';
import { remainingOf } from '../support/quotas.ts';
import { onRedis } from '../support/redis.ts';
import {
  type RedisTopology,
  startRedisCluster,
  startSentinelTopology,
  untilClusterIsWell,
  untilReplicated,
} from '../support/redis-topologies.ts';
import { eventually } from '../support/several-processes.ts';
import { startTwoApps } from '../support/two-apps.ts';

const LIMIT = 20;
/** Enough for every node of a cluster to have some. */
const SESSIONS = 24;
const PATIENCE_MILLISECONDS = 1000;
/** Sentinels here take a primary for lost after one second. */
const FAIL_OVER_SECONDS = 15;
const RECOVERY_SECONDS = 10;

onRedis(() => {
  const apps: TestApp[] = [];
  let topology: RedisTopology | undefined;

  afterEach(async () => {
    const violations = apps.flatMap(({ contractViolations }) => contractViolations);
    for (const app of apps.splice(0).reverse()) await app.stop();
    await topology?.stop();
    topology = undefined;
    expect(violations).toEqual([]);
  });

  /** Two apps on one database. */
  async function startApps(redisUrl: string): Promise<[TestApp, TestApp]> {
    const env = { CORS_ORIGINS: PAGE, REDIS_URL: redisUrl, RATE_LIMIT_TOKEN: `${LIMIT}/600` };
    const started = await startTwoApps('SQLite', env);
    apps.push(...started);
    await Promise.all(apps.map(untilRedisIsUp));
    return started;
  }

  const signUpMany = (app: TestApp) =>
    Promise.all(Array.from({ length: SESSIONS }, () => signUpByCookie(app)));
  const read = (app: TestApp, { cookie }: Browser) => app.get('/me').set('Cookie', cookie);
  const statusesOf = (app: TestApp, browsers: readonly Browser[]) =>
    Promise.all(browsers.map(async (browser) => (await read(app, browser)).status));
  const all = (status: number) => Array(SESSIONS).fill(status);
  const warningsOf = ({ logs }: TestApp) => logs.entries().filter(({ level }) => Number(level) >= 40);

  async function expectSessionsToWork(first: TestApp, second: TestApp): Promise<void> {
    const browsers = await signUpMany(first);
    expect(await statusesOf(second, browsers)).toEqual(all(200));

    for (const app of [first, second]) app.clock.advanceSeconds(app.config.tokens.accessTokenTtlSeconds);
    expect(await statusesOf(first, browsers)).toEqual(all(200));

    for (const browser of browsers) await asPage(first.post('/logout'), browser).expect(204);
    expect(await statusesOf(first, browsers)).toEqual(all(401));
    await second.follower.catchUp();
    expect(await statusesOf(second, browsers)).toEqual(all(401));
  }

  async function expectEventually(app: TestApp, browsers: readonly Browser[], status: number): Promise<void> {
    const areAll = (statuses: number[]) => statuses.every((one) => one === status);
    const statuses = await eventually(() => statusesOf(app, browsers), areAll, RECOVERY_SECONDS * 1000);
    expect(statuses).toEqual(all(status));
  }

  async function expectSharedLimits(first: TestApp, second: TestApp): Promise<void> {
    const { token } = await signUp(first);
    const answers = [];
    for (const app of [first, second, first, second])
      answers.push(await app.get('/verify').auth(token, { type: 'bearer' }).expect(200));
    expect(remainingOf(answers)).toEqual([LIMIT - 1, LIMIT - 2, LIMIT - 3, LIMIT - 4]);
  }

  /** Asks until a sign-in by cookie succeeds; no answer takes a second. In how many seconds that was. */
  async function untilSignInWorks(app: TestApp, withinSeconds: number): Promise<number> {
    const begunAt = performance.now();
    const slow: number[] = [];
    const signIn = async () => {
      const sentAt = performance.now();
      const body = { ...aPerson(), transport: 'cookie' };
      const { status } = await app.post('/signup').set('Origin', PAGE).send(body);
      const milliseconds = performance.now() - sentAt;
      if (milliseconds >= PATIENCE_MILLISECONDS) slow.push(milliseconds);
      return status;
    };
    const status = await eventually(signIn, (found) => found === 201, withinSeconds * 1000);
    expect(slow).toEqual([]);
    expect(status).toBe(201);
    return (performance.now() - begunAt) / 1000;
  }

  describe('A cluster of three nodes', () => {
    beforeEach(async () => {
      topology = await startRedisCluster();
    });

    it('keeps sessions and counts requests over all of its nodes, without a warning', async () => {
      const [first, second] = await startApps(topology?.url ?? '');
      await expectSessionsToWork(first, second);
      await expectSharedLimits(first, second);
      expect([...warningsOf(first), ...warningsOf(second)]).toEqual([]);
    });

    it('is found by the name of any of its nodes', async () => {
      const [node = ''] = topology?.url.split(',') ?? [];
      const [first, second] = await startApps(node);
      await expectSessionsToWork(first, second);
    });

    it('answers in time while a node is lost, and goes on without a restart when that is back', async () => {
      const [first, second] = await startApps(topology?.url ?? '');
      const browsers = await signUpMany(first);
      const lost = topology?.servers[1];
      await lost?.kill();

      const begunAt = performance.now();
      const statuses = await statusesOf(first, browsers);
      expect(performance.now() - begunAt).toBeLessThan(2 * PATIENCE_MILLISECONDS);
      expect(new Set(statuses)).not.toContain(401);
      expect(new Set(statuses)).not.toContain(500);
      expect(statuses).toContain(503);
      const { token } = await signUp(first);
      await first.get('/me').auth(token, { type: 'bearer' }).expect(200);

      await lost?.restart();
      for (const server of topology?.servers ?? []) await untilClusterIsWell(server);
      const seconds = [];
      for (const app of [first, second]) seconds.push(await untilSignInWorks(app, RECOVERY_SECONDS));
      process.stderr.write(`a node of the cluster is back: sign-ins go on after ${seconds} s\n`);
      const goesOn = async () => (await statusesOf(first, browsers)).includes(503) === false;
      expect(await eventually(goesOn, (itDoes) => itDoes)).toBe(true);
      await expectSharedLimits(first, second);
    });
  });

  describe('A primary whose sentinels choose another one', () => {
    it('keeps sessions and counts requests, without a warning', async () => {
      topology = await startSentinelTopology();
      const [first, second] = await startApps(topology.url);
      await expectSessionsToWork(first, second);
      await expectSharedLimits(first, second);
      expect([...warningsOf(first), ...warningsOf(second)]).toEqual([]);
    });

    it.each([
      ['was killed', 'kill'],
      ['is frozen and comes back', 'pause'],
    ] as const)('goes on with its sessions after it %s, without a restart', async (_what, lose) => {
      const sentinels = await startSentinelTopology();
      topology = sentinels;
      const [first, second] = await startApps(sentinels.url);
      const browsers = await signUpMany(first);
      await untilReplicated(sentinels.primary);

      await sentinels.primary[lose]();

      const seconds = await Promise.all(apps.map((app) => untilSignInWorks(app, FAIL_OVER_SECONDS)));
      process.stderr.write(`the primary ${_what}: sign-ins go on after ${seconds} s\n`);
      // The sentinels cut the connections to a server once more where they set it right.
      for (const app of [first, second]) await expectEventually(app, browsers, 200);
      await expectSharedLimits(first, second);
      if (lose === 'pause') sentinels.primary.resume();
      else await sentinels.primary.restart();
      for (const app of [first, second]) await untilSignInWorks(app, RECOVERY_SECONDS);
      const later = await logInByCookie(first, browsers[0] ?? aPerson());
      await read(second, later).expect(200);
      await expectSessionsToWork(first, second);
    });
  });
});
