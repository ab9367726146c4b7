import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import request, { type Test } from 'supertest';
import type { AccountStore } from '../../src/accounts/ports.ts';
import { createApp } from '../../src/app.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { createKeyUseStore } from '../../src/db/key-use-store.ts';
import { applyMigrations, isSchemaCurrent } from '../../src/db/migrate.ts';
import { createStore } from '../../src/db/store.ts';
import { createDrain } from '../../src/http/drain.ts';
import { createHttpServer, listen } from '../../src/http/listen.ts';
import { createLogger } from '../../src/logger.ts';
import { createRevocationFollower, type RevocationFollower } from '../../src/sessions/follower.ts';
import { createRevocationSet, type RevocationSet } from '../../src/sessions/revocations.ts';
import { createKeyUsage, type KeyUsage } from '../../src/tokens/key-usage.ts';
import { createKeyRing } from '../../src/tokens/keys.ts';
import { createContract } from './contract.ts';
import { createTestDatabase, type DatabaseKind } from './databases.ts';
import { createLogSink, demandCleanLogs } from './logs.ts';

export const TEST_SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
export const PUBLIC_URL = 'https://auth.example.com';

/** A clock that stands still until a test moves it. */
export function createTestClock() {
  let milliseconds = Date.now();
  return {
    now: () => milliseconds,
    advanceSeconds: (seconds: number) => {
      milliseconds += seconds * 1000;
    },
  };
}

export interface TestApp {
  readonly get: (path: string) => Test;
  readonly head: (path: string) => Test;
  readonly post: (path: string) => Test;
  readonly put: (path: string) => Test;
  readonly patch: (path: string) => Test;
  readonly delete: (path: string) => Test;
  readonly options: (path: string) => Test;
  readonly url: string;
  readonly port: number;
  readonly config: Config;
  readonly database: Database;
  readonly store: AccountStore;
  readonly revocations: RevocationSet;
  /** Follows nothing by itself: a test says when, with `follower.catchUp()`. */
  readonly follower: RevocationFollower;
  readonly keyUsage: KeyUsage;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly logs: ReturnType<typeof createLogSink>;
  readonly drain: (withinMilliseconds: number) => Promise<void>;
  /** Emptied after each test. */
  readonly contractViolations: string[];
  readonly stop: () => Promise<void>;
}

/** The whole service over real HTTP and a database of its own, at bcrypt's lowest cost. `reach` may put something in between. */
export async function startApp(
  kind: DatabaseKind,
  env: Record<string, string> = {},
  reach: (databaseUrl: string) => string = (url) => url,
): Promise<TestApp> {
  const testDatabase = await createTestDatabase(kind);
  const config = loadConfig({
    NODE_ENV: 'test',
    PUBLIC_URL,
    BCRYPT_COST: '4',
    JWT_SECRET: TEST_SECRET,
    DATABASE_URL: reach(testDatabase.url),
    LOG_LEVEL: 'trace',
    // Tests move the clock far ahead; those of staleness say otherwise.
    REVOCATION_WHEN_STALE: 'accept',
    ...env,
  });
  const database = await connectDatabase(config.database);
  const clock = createTestClock();
  const logs = createLogSink();

  const logger = createLogger(config.logLevel, logs);
  await applyMigrations(config.database);
  const store = createStore(database);
  const keys = createKeyRing({ ...config.tokens, secret: config.tokens.secret ?? TEST_SECRET });
  const keyUsage = createKeyUsage(
    [...keys.verifying, ...keys.refreshing],
    createKeyUseStore(database),
    clock,
    logger,
  );
  const revocations = createRevocationSet();
  const maxLagSeconds = config.sessions.revocationMaxLagSeconds;
  const follower = createRevocationFollower({ stores: store, revocations, clock, logger, maxLagSeconds });
  await follower.catchUp();

  const server = createHttpServer((req, res) => app(req, res), config.http.publicUrl);
  const { isDraining, drain } = createDrain(server);
  const readiness = {
    isDraining,
    isStale: follower.isStale,
    whenStale: config.sessions.revocationWhenStale,
    isSchemaCurrent: (within: number) => isSchemaCurrent(database, within),
  };
  const app = createApp({ config, keys, keyUsage, store, revocations, follower, readiness, clock, logger });
  const { port } = await listen(server, 0, '127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const contract = createContract((await request(url).get('/openapi.json')).body);

  return {
    get: (path) => request(url).get(path).use(contract.plugin),
    head: (path) => request(url).head(path).use(contract.plugin),
    post: (path) => request(url).post(path).use(contract.plugin),
    put: (path) => request(url).put(path).use(contract.plugin),
    patch: (path) => request(url).patch(path).use(contract.plugin),
    delete: (path) => request(url).delete(path).use(contract.plugin),
    options: (path) => request(url).options(path),
    url,
    port,
    config,
    database,
    store,
    revocations,
    follower,
    keyUsage,
    clock,
    logs,
    drain,
    contractViolations: contract.violations,
    async stop() {
      await drain(0);
      await database.close();
      await testDatabase.drop();
      demandCleanLogs(logs.lines);
    },
  };
}

/**
 * One app for the suite at hand. After each test every response must have kept the OpenAPI contract; at the
 * end no log line may hold a secret.
 */
export function useApp(kind: DatabaseKind, env: Record<string, string> = {}): TestApp {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(kind, env);
  });
  afterEach(() => {
    expect(app.contractViolations.splice(0)).toEqual([]);
  });
  afterAll(() => app.stop());
  // The suite is described before the app has started, so members are looked up when a test asks for them.
  return new Proxy({} as TestApp, { get: (_target, name) => app[name as keyof TestApp] });
}
