import type { RequestTemplate } from './load/load.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { addSessions, type CookieService, startCookieService } from './support/cookie-sessions.ts';
import { cpuMilliseconds } from './support/cpu.ts';
import { compared, type Figure, measured, type Unit } from './support/figures.ts';
import { createTraffic, type Generator, startGenerator } from './support/generator.ts';
import { bearer } from './support/http.ts';
import { useMysql } from './support/mysql.ts';
import { answersPerSecond, latenciesMilliseconds, requireStatus } from './support/outcomes.ts';
import { type Program, startPeer } from './support/programs.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { answerOf } from './support/same-answer.ts';
import { betterAuth } from './support/services.ts';
import { interleave, quantile } from './support/statistics.ts';

const CONNECTIONS = 16;
const MANY_SESSIONS = 1_000_000;
const FEW_SESSIONS = 1_000;
/** As many as are asked for in turn, so that what Redis was asked last does not lie ready in a cache. */
const DIFFERENT_COOKIES = 20_000;

await runBenchmark('cookies', measure);

/** Sessions behind a cookie, kept in Redis: what a request costs, and what many of them occupy. */
async function measure(run: Run): Promise<Figure[]> {
  const redis = await startRedis(run);
  const generator = startGenerator(run);
  return [...(await requests(run, redis, generator)), ...(await manySessions(run, redis, generator))];
}

/** Requests with a cookie against the same with a token, and against session checks of better-auth on the same MySQL. */
async function requests(run: Run, redis: PrivateRedis, generator: Generator): Promise<Figure[]> {
  const mysql = await useMysql(run, {});
  const service = await startCookieService(run, redis.urlOf(0), {
    DATABASE_URL: await mysql.createDatabase('ours'),
    MIGRATE_ON_START: 'true',
  });
  const { cookie, token } = service.session;
  const get = (path: string, headers: Record<string, string>): RequestTemplate => ({
    method: 'GET',
    path,
    headers,
  });
  const byCookie = { Cookie: cookie };
  const verify = get('/verify', byCookie);
  const verifyByToken = get('/verify', bearer(token));
  const me = get('/me', byCookie);
  const meByToken = get('/me', bearer(token));
  const bare = await startPeer(run, 'express.mjs', { ...(await answerOf(service, verify)), ROUTE: 'bare' });
  const theirs = async (purpose: string, cache: string) => {
    const env = { DATABASE_URL: await mysql.createDatabase(purpose), HASH: 'scrypt', COOKIE_CACHE: cache };
    return betterAuth(await startPeer(run, 'better-auth.mjs', env), 1);
  };
  const uncached = await theirs('theirs', 'off');
  const cached = await theirs('theirs_cached', 'on');

  const measureMilliseconds = run.quick ? 50 : 1_200;
  const throughput = async (program: Pick<Program, 'port'>, template: RequestTemplate) => {
    const outcomes = await createTraffic(
      generator,
      program,
      template,
    )({
      pace: { connections: CONNECTIONS },
      warmUpMilliseconds: run.quick ? 0 : 300,
      measureMilliseconds,
    });
    return answersPerSecond(requireStatus(outcomes, 200));
  };
  const send = (template: RequestTemplate, milliseconds: number) =>
    createTraffic(
      generator,
      service,
      template,
    )({ pace: { connections: CONNECTIONS }, warmUpMilliseconds: 0, measureMilliseconds: milliseconds });
  const cost = async (template: RequestTemplate) => {
    await send(template, run.quick ? 10 : 150);
    const before = cpuMilliseconds(service.pid);
    const outcomes = requireStatus(await send(template, measureMilliseconds), 200);
    return (1000 * (cpuMilliseconds(service.pid) - before)) / outcomes.length;
  };
  const rates = await interleave(run.quick ? 1 : 7, {
    bare: () => throughput(bare, verify),
    verify: () => throughput(service, verify),
    verifyToken: () => throughput(service, verifyByToken),
    me: () => throughput(service, me),
    meToken: () => throughput(service, meByToken),
    uncached: () => throughput(uncached, uncached.verify().template),
    cached: () => throughput(cached, cached.verify().template),
  });

  const costs = await interleave(run.quick ? 1 : 7, {
    verify: () => cost(verify),
    verifyToken: () => cost(verifyByToken),
    me: () => cost(me),
    meToken: () => cost(meByToken),
  });

  const unit = 'per second';
  const against = (reference: string, to: readonly number[], atLeast?: number) =>
    ({ reference, to, ...(atLeast !== undefined && { target: { atLeast } }) }) as const;
  const [cookieVerify, cookieMe] = ['GET /verify by cookie', 'GET /me by cookie'];
  return [
    measured('bare Express route, same bytes, no check', unit, rates.bare),
    measured('GET /verify by token', unit, rates.verifyToken),
    compared(cookieVerify, unit, rates.verify, against('bare Express', rates.bare, 0.5)),
    compared(cookieVerify, unit, rates.verify, against('by token', rates.verifyToken)),
    measured('GET /me by token', unit, rates.meToken),
    // 1.3 times the time.
    compared(cookieMe, unit, rates.me, against('by token', rates.meToken, 0.77)),
    measured('CPU of the main thread: GET /verify by token', 'µs', costs.verifyToken),
    compared(
      `CPU of the main thread: ${cookieVerify}`,
      'µs',
      costs.verify,
      against('by token', costs.verifyToken),
    ),
    measured('CPU of the main thread: GET /me by token', 'µs', costs.meToken),
    compared(`CPU of the main thread: ${cookieMe}`, 'µs', costs.me, against('by token', costs.meToken)),
    measured('better-auth: get-session from the database', unit, rates.uncached),
    compared(cookieVerify, unit, rates.verify, against('better-auth', rates.uncached)),
    compared(cookieMe, unit, rates.me, against('better-auth', rates.uncached)),
    measured('better-auth: get-session from its cookie cache', unit, rates.cached),
    compared(cookieVerify, unit, rates.verify, against('better-auth, cookie cache', rates.cached)),
    compared(cookieMe, unit, rates.me, against('better-auth, cookie cache', rates.cached)),
  ];
}

/** The memory of a million sessions, and how long one of them takes to be found against one of a thousand. */
async function manySessions(run: Run, redis: PrivateRedis, generator: Generator): Promise<Figure[]> {
  const start = async (database: number, sessions: number) => {
    const service = await startCookieService(run, redis.urlOf(database));
    const before = await redis.usedBytes();
    const cookies = await addSessions(service, sessions, DIFFERENT_COOKIES);
    return { service, sessions, cookies, bytesEach: ((await redis.usedBytes()) - before) / (sessions - 1) };
  };
  const few = await start(1, run.quick ? 50 : FEW_SESSIONS);
  const many = await start(2, run.quick ? 2_000 : MANY_SESSIONS);

  const latencies = async (service: CookieService, cookies: readonly string[]) => {
    const template = { method: 'GET', path: '/verify', headers: {}, cookies } as const;
    const outcomes = await createTraffic(
      generator,
      service,
      template,
    )({
      pace: { connections: 1 },
      warmUpMilliseconds: run.quick ? 0 : 100,
      measureMilliseconds: run.quick ? 50 : 1_200,
    });
    return latenciesMilliseconds(requireStatus(outcomes, 200));
  };
  const p99 = { few: [] as number[], many: [] as number[] };
  const inRedis = { few: [] as number[], many: [] as number[] };
  const medianOf = async (which: 'few' | 'many', { service, cookies }: typeof few) => {
    let milliseconds: number[] = [];
    const microseconds = await redis.microsecondsPerGet(async () => {
      milliseconds = await latencies(service, cookies);
    });
    inRedis[which].push(microseconds);
    p99[which].push(quantile(milliseconds, 0.99));
    return quantile(milliseconds, 0.5);
  };
  const p50 = await interleave(run.quick ? 1 : 8, {
    few: () => medianOf('few', few),
    many: () => medianOf('many', many),
  });

  const named = ({ sessions }: typeof few) => `${sessions.toLocaleString('en')} sessions`;
  const pair = (
    what: string,
    { few: fewer, many: more }: typeof p50,
    unit: Unit,
    atMost?: number,
  ): Figure[] => [
    measured(`${what}, ${named(few)}`, unit, fewer),
    compared(`${what}, ${named(many)}`, unit, more, {
      reference: named(few),
      to: fewer,
      ...(atMost !== undefined && { target: { atMost } }),
    }),
  ];
  return [
    measured(`${named(many)} in Redis: memory of each`, 'bytes', [many.bytesEach], { atMost: 400 }),
    ...pair('Redis: one GET', inRedis, 'µs'),
    ...pair('GET /verify by cookie', p50, 'ms', 1.1),
    ...pair('GET /verify by cookie: p99', p99, 'ms', 1.2),
  ];
}
