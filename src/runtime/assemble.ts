import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { type App, createApp, VERSION } from '../app.ts';
import type { Config } from '../config/config.ts';
import { type Clock, createSharedClock } from '../core/clock.ts';
import { type Core, createCore } from '../core/core.ts';
import type { HashThreads } from '../core/passwords/hash-threads.ts';
import type { KeyMaterial } from '../core/tokens/keys.ts';
import type { Database } from '../db/connect.ts';
import { createMetrics, type Metrics, type Registry } from '../features/metrics/metrics.ts';
import { createDrain, type Drain } from '../http/drain.ts';
import { createHttpServer } from '../http/listen.ts';
import { createMessageClasses } from '../http/messages.ts';
import { createPages } from '../pages/pages.ts';
import type { StartTimeout } from '../providers/fetch.ts';
import { openProviders } from '../providers/open.ts';
import { createRedisRecords } from '../redis/cookie-records.ts';
import { createRateLimiter } from '../redis/limiter.ts';
import { checkClock } from './clock-watch.ts';
import { createHousekeeping } from './housekeeping.ts';
import { openMessaging } from './messaging.ts';

/** The environment of the process: the configuration, and what differs between a server and a test. */
export interface World {
  readonly config: Config;
  readonly keyMaterial: KeyMaterial;
  readonly database: Database;
  /** The host's. */
  readonly clock: Clock;
  /** The database's, where that may be another one. */
  readonly readTime?: (() => Promise<number>) | undefined;
  readonly logger: Logger;
  /** Threads to hash in, where the process has some already. */
  readonly hashThreads?: HashThreads | undefined;
  /** When a request to a provider takes too long. */
  readonly startProviderTimeout?: StartTimeout | undefined;
  /** The text of GET /metrics: this process's own metrics, unless the primary has those of all. */
  readonly createScrape?: (registry: Registry) => () => Promise<string>;
}

/** The service, ready to listen. Nothing follows or ticks yet. */
export interface Assembly extends Drain, Pick<App, 'table'> {
  readonly server: Server;
  readonly core: Core;
  readonly metrics: Metrics;
  /** Begins to follow, to count and to tidy up. */
  readonly start: () => void;
  /** Stops background work, once nothing is in flight. The database stays open. */
  readonly stop: () => Promise<void>;
}

/** Builds the core, the application and the HTTP server, and loads the state needed before the first request. */
export async function assemble(world: World): Promise<Assembly> {
  const { config, keyMaterial, database, logger } = world;
  const clock = createSharedClock(world.clock, world.readTime);
  await checkClock(clock, logger);
  const metrics = createMetrics(VERSION);
  const scrape = world.createScrape?.(metrics.registry) ?? (() => metrics.registry.metrics());

  const messageClasses = createMessageClasses();
  const server = createHttpServer((req, res) => app.listener(req, res), { ...config.http, messageClasses });
  // A follower that waits for the next revocation would keep the process from stopping.
  const { isDraining, drain } = createDrain(server, () => {
    core.revocationLog.release();
    app.releaseRefusals();
  });
  // The client is loaded only where there is a Redis.
  const redis =
    config.redisUrl === undefined
      ? undefined
      : (await import('../redis/connect.ts')).connectRedis(config.redisUrl, logger);
  const core = createCore({
    config,
    keyMaterial,
    database,
    messaging: openMessaging(config, logger),
    pages: createPages({ pages: config.pages, publicUrl: config.http.publicUrl, logger }),
    providers: openProviders(config.social, clock, world.startProviderTimeout),
    redisRecords: redis && createRedisRecords(redis),
    clock,
    logger,
    observers: metrics,
    hashThreads: world.hashThreads,
    isDraining,
    scrape,
  });
  await core.prepare();

  const { enabled, requests } = config.limits;
  const limiter = enabled ? createRateLimiter(requests, redis) : undefined;
  const app = createApp(core, {
    messageClasses,
    limiter,
    onRequest: metrics.request,
    onPaced: metrics.refusalPaced,
  });
  const housekeeping = createHousekeeping(
    [() => checkClock(clock, logger), ...core.housekeeping, ...app.housekeeping],
    logger,
  );
  metrics.watch({
    hashing: core.hashWorkers,
    revocationLagMilliseconds: core.follower.lagMilliseconds,
    revocationFollowers: core.revocationLog.waiting,
    clockOffsetMilliseconds: clock.offsetMilliseconds,
    pool: database.poolState,
    isRedisUp: redis?.isCounting,
  });

  function start(): void {
    core.start();
    housekeeping.start();
  }

  async function stop(): Promise<void> {
    housekeeping.stop();
    redis?.close();
    await app.close();
    await core.stop();
  }

  return { server, core, metrics, table: app.table, isDraining, drain, start, stop };
}
