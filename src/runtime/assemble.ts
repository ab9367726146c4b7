import type { Server } from 'node:http';
import { createRevocationSet, type RevocationSet } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import { createApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { type Clock, createSharedClock, systemClock } from '../core/clock.ts';
import { readHighestCosts } from '../core/passwords/hash-costs.store.ts';
import { createHashWorkers, type HashWorkers } from '../core/passwords/hash-workers.ts';
import { createStoredCosts, maxForeignCost, type StoredCosts } from '../core/passwords/stored-costs.ts';
import { createRevocationFollower, type RevocationFollower } from '../core/revocation/follower.ts';
import { createRevocationLog, type RevocationLog } from '../core/revocation/log.ts';
import { createRevocationTable } from '../core/revocation/revocations.store.ts';
import { type Confirmations, createConfirmations } from '../core/sessions/confirmations.ts';
import { FORGET_SECONDS } from '../core/sign-in/attempts.ts';
import { createKeyUseStore } from '../core/tokens/key-usage.store.ts';
import { createKeyUsage, type KeyUsage } from '../core/tokens/key-usage.ts';
import { createKeyRing } from '../core/tokens/keys.ts';
import type { Database } from '../db/connect.ts';
import { isSchemaCurrent } from '../db/migrate.ts';
import { createStore, type Store } from '../db/store.ts';
import { createWriteProbe } from '../db/write-probe.ts';
import { forgetOldKeys } from '../features/api-keys/api-keys.ts';
import { type ApiKeyUsage, createApiKeyUsage } from '../features/api-keys/last-use.ts';
import { forgetOldEvents } from '../features/audit/service.ts';
import { type ClientRefusals, createClientRefusals } from '../features/clients/refusals.ts';
import { createMetrics, type Metrics, type Registry } from '../features/metrics/metrics.ts';
import type { Scrape } from '../features/metrics/routes.ts';
import { createDrain, type Drain } from '../http/drain.ts';
import { createHttpServer } from '../http/listen.ts';
import type { RouteTable } from '../http/route-table.ts';
import { connectRedis } from '../redis/connect.ts';
import { createRateLimiter } from '../redis/limiter.ts';
import { checkClock, isClockOff } from './clock-watch.ts';
import { createHousekeeping } from './housekeeping.ts';

/** What the process is made in: the configuration, and what differs between a server and a test. */
export interface World {
  readonly config: Config;
  /** The secret in use: the configured one, or one that was made at the first start. */
  readonly secret: string;
  readonly database: Database;
  /** The machine's. */
  readonly clock: Clock;
  /** The database's, where that may be another one. */
  readonly readTime?: (() => Promise<number>) | undefined;
  readonly logger: Logger;
  /** What GET /metrics answers: this process's own metrics, unless another one speaks for all. */
  readonly createScrape?: (registry: Registry) => Scrape;
}

/** The parts that live as long as the process. Nothing listens, follows or ticks yet. */
export interface Assembly extends Drain {
  readonly server: Server;
  readonly store: Store;
  readonly revocations: RevocationSet;
  readonly revocationLog: RevocationLog;
  readonly follower: RevocationFollower;
  readonly confirmations: Confirmations;
  readonly keyUsage: KeyUsage;
  readonly apiKeyUsage: ApiKeyUsage;
  readonly clientRefusals: ClientRefusals;
  readonly metrics: Metrics;
  readonly scrape: Scrape;
  readonly hashWorkers: HashWorkers;
  readonly storedCosts: StoredCosts;
  /** Every route, with what guards it. */
  readonly table: RouteTable;
  /** Begins to follow, to count and to tidy up. */
  readonly start: () => void;
  /** Ends all that, once nothing is in flight. The database stays open. */
  readonly stop: () => Promise<void>;
}

/** Puts the adapters, the application and the HTTP server together, and reads what has been revoked so far. */
export async function assemble(world: World): Promise<Assembly> {
  const { config, secret, database, logger } = world;
  const clock = createSharedClock(world.clock, world.readTime);
  await checkClock(clock, logger);
  const metrics = createMetrics();
  const scrape = world.createScrape?.(metrics.registry) ?? (() => metrics.registry.metrics());
  const store = createStore(database);
  const keys = createKeyRing({ ...config.tokens, secret });
  const keyUsage = createKeyUsage(keys.all, createKeyUseStore(database), clock, logger);
  const apiKeyUsage = createApiKeyUsage(store.apiKeys, clock, logger);
  const confirmations = createConfirmations(store.sessions, clock, logger);
  const clientRefusals = createClientRefusals(store.ledger, clock, logger, metrics.clientRefused);
  const revocations = createRevocationSet();
  const { revocationMaxLagSeconds: maxLagSeconds, revocationWhenStale: whenStale } = config.sessions;
  const revocationLog = createRevocationLog(clock);
  const follower = createRevocationFollower({
    stores: store,
    table: createRevocationTable(database),
    revocations,
    clock,
    logger,
    maxLagSeconds,
    onRead: revocationLog.append,
    isFollowed: revocationLog.isFollowed,
  });
  const storedCosts = createStoredCosts({
    liveCost: config.passwords.bcryptCost,
    read: () => readHighestCosts(database, maxForeignCost(config.passwords.bcryptCost)),
    logger,
  });
  await Promise.all([follower.catchUp(), storedCosts.refresh()]);
  const hashWorkers = createHashWorkers({
    ...config.hashing,
    bcryptCost: config.passwords.bcryptCost,
    // How long a hash takes is a fact of the machine, whatever clock the rest goes by.
    monotonic: systemClock.monotonic,
    observer: metrics.hashQueue,
    onThreadError: (err) => logger.error({ err }, 'a hash thread could not start'),
  });
  const { enabled, requests } = config.limits;
  const redis = enabled && config.redisUrl ? connectRedis(config.redisUrl, logger) : undefined;
  const limiter = enabled ? createRateLimiter(requests, redis) : undefined;
  const housekeeping = createHousekeeping(
    [
      () => checkClock(clock, logger),
      keyUsage.flush,
      apiKeyUsage.flush,
      clientRefusals.flush,
      follower.prune,
      storedCosts.refresh,
      () => forgetNobodys(store, clock),
      () => forgetOldKeys(store, clock),
      () => forgetOldEvents(store, clock, config.audit.retentionDays),
    ],
    logger,
  );
  metrics.watch({
    hashing: hashWorkers,
    revocationLagMilliseconds: follower.lagMilliseconds,
    revocationFollowers: revocationLog.waiting,
    clockOffsetMilliseconds: clock.offsetMilliseconds,
    pool: database.poolState,
    isRedisUp: redis?.isCounting,
  });

  const server = createHttpServer((req, res) => front(req, res), config.http.publicUrl);
  // Whoever waits for something to be revoked would keep the process from stopping.
  const { isDraining, drain } = createDrain(server, () => {
    revocationLog.release();
    releaseRefusals();
  });
  const readiness = {
    isDraining,
    isClockOff: () => isClockOff(clock),
    isStale: follower.isStale,
    whenStale,
    isSchemaCurrent: (withinMilliseconds: number) => isSchemaCurrent(database, withinMilliseconds),
    tryWriting: createWriteProbe(database, clock),
  };
  const { front, table, releaseRefusals } = createApp({
    config,
    keys,
    keyUsage,
    apiKeyUsage,
    clientRefusals,
    store,
    revocations,
    revocationLog,
    confirmations,
    follower,
    readiness,
    hashWorkers,
    storedCosts,
    limiter,
    metrics,
    scrape,
    clock,
    logger,
  });

  function start(): void {
    follower.start();
    confirmations.start();
    housekeeping.start();
  }

  async function stop(): Promise<void> {
    follower.stop();
    confirmations.stop();
    housekeeping.stop();
    redis?.close();
    await Promise.all([
      confirmations.flush(),
      keyUsage.flush(),
      apiKeyUsage.flush(),
      clientRefusals.flush(),
      hashWorkers.close(),
    ]);
  }

  const parts = {
    server,
    store,
    revocations,
    revocationLog,
    follower,
    confirmations,
    keyUsage,
    apiKeyUsage,
    clientRefusals,
    metrics,
    scrape,
    hashWorkers,
    storedCosts,
    table,
  };
  return { ...parts, isDraining, drain, start, stop };
}

/** What was counted for identifiers that nobody has delays for a day. */
function forgetNobodys(store: Store, clock: Clock): Promise<void> {
  return store.loginFailures.prune(new Date(clock.now() - FORGET_SECONDS * 1000));
}
