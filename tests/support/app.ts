import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import request, { type Test } from 'supertest';
import { type Config, loadConfig } from '../../src/config/config.ts';
import type { Core } from '../../src/core/core.ts';
import { createHashThreads } from '../../src/core/passwords/hash-threads.ts';
import { readKeyMaterial } from '../../src/core/tokens/key-material.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { createStore, type Store } from '../../src/db/store.ts';
import { type RoleStores, roleStoresOf } from '../../src/features/roles/stores.ts';
import { listen } from '../../src/http/listen.ts';
import { type Assembly, assemble, type World } from '../../src/runtime/assemble.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createContract, readDocument } from './contract.ts';
import type { DatabaseKind } from './databases.ts';
import { createLogSink, expectCleanLogs } from './logs.ts';
import { modelsOf } from './models.ts';
import { createMigratedDatabase } from './template.ts';

export const TEST_SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
export const PUBLIC_URL = 'https://auth.example.com';

/** Suites send from one address more than any client may; those of limits say otherwise. */
export const MANY_REQUESTS = {
  RATE_LIMIT_SIGNUP_IP: '1000000/60',
  RATE_LIMIT_LOGIN_IP: '1000000/60',
  RATE_LIMIT_SESSION_IP: '1000000/60',
  RATE_LIMIT_REFRESH_SESSION: '1000000/60',
  RATE_LIMIT_OAUTH_IP: '1000000/60',
  RATE_LIMIT_TOKEN: '1000000/60',
  RATE_LIMIT_API_KEY: '1000000/60',
  RATE_LIMIT_SEND_ADDRESS: '1000000/60',
  RATE_LIMIT_SEND_ACCOUNT: '1000000/60',
  RATE_LIMIT_SEND_IP: '1000000/60',
  RATE_LIMIT_SEND_TOTAL: '1000000/60',
};

/** All apps of this process hash in one thread, which takes longer to start than an app; those about hashing have their own. */
const HASH_THREADS = createHashThreads({ workers: 1, niceness: 0 });
const OF_HASHING = /^(?:HASH|BCRYPT)_/;

/** A clock that stands still until a test moves it, and shows another time than it should if that is wanted. */
export function createTestClock(aheadSeconds = 0) {
  let milliseconds = Date.now();
  return {
    now: () => milliseconds + aheadSeconds * 1000,
    monotonic: () => milliseconds,
    advanceSeconds: (seconds: number) => {
      milliseconds += seconds * 1000;
    },
  };
}

export type TestClock = ReturnType<typeof createTestClock>;

/** A clock that runs on as it should, and that a test can move: for a service beside real programs, which have clocks of their own. */
export function createRunningClock(): TestClock {
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  return {
    now,
    monotonic: now,
    advanceSeconds: (seconds) => {
      aheadMs += seconds * 1000;
    },
  };
}

/** The follower follows nothing by itself: a test says when, with `follower.catchUp()`. */
export interface TestApp
  extends Assembly,
    Omit<Core, keyof Assembly | 'clock' | 'database' | 'config' | 'store'> {
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
  readonly models: ReturnType<typeof modelsOf>;
  /** Of the core, and of roles and permissions. */
  readonly store: Store<RoleStores>;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly logs: ReturnType<typeof createLogSink>;
  /** Emptied after each test. */
  readonly contractViolations: string[];
  readonly stop: () => Promise<void>;
}

/** The whole service over real HTTP and a database of its own, at bcrypt's lowest cost. `reach` may put something in between. */
export async function startApp(
  kind: DatabaseKind,
  env: Record<string, string> = {},
  reach: (databaseUrl: string) => string = (url) => url,
  {
    clock = createTestClock(),
    port: wantedPort = 0,
    ...world
  }: { clock?: TestClock; port?: number } & Pick<World, 'readTime' | 'startProviderTimeout'> = {},
): Promise<TestApp> {
  const testDatabase = await createMigratedDatabase(kind);
  const config = loadConfig({
    NODE_ENV: 'test',
    PUBLIC_URL,
    BCRYPT_COST: '4',
    JWT_SECRET: TEST_SECRET,
    DATABASE_URL: reach(testDatabase.url),
    LOG_LEVEL: 'trace',
    // A machine that is busy with other tests is no lost database; those of a lost one say otherwise.
    DATABASE_TIMEOUT_MS: '60000',
    DATABASE_CONNECT_TIMEOUT_MS: '60000',
    HASH_MAX_WAIT_MS: '60000',
    HASH_NICENESS: '0',
    HASH_WORKERS: '1',
    // Tests move the clock far ahead; those of staleness say otherwise.
    REVOCATION_WHEN_STALE: 'accept',
    // Most tests log in without a device token; those of new devices say otherwise.
    NEW_DEVICE_MAIL: 'false',
    ...MANY_REQUESTS,
    ...env,
  });
  const logs = createLogSink();
  const logger = createLogger(config.logLevel, logs);
  const database = await connectDatabase(config.database, logger);
  const keyMaterial = readKeyMaterial(config.tokens);
  const hashThreads = Object.keys(env).some((name) => OF_HASHING.test(name)) ? undefined : HASH_THREADS;
  const assembly = await assemble({ config, keyMaterial, database, clock, logger, hashThreads, ...world });
  const { server, drain } = assembly;
  const { port } = await listen(server, wantedPort, '127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const contract = createContract(readDocument(await textOf(`${url}/openapi.json`)));

  return {
    get: (path) => request(url).get(path).use(contract.plugin),
    head: (path) => request(url).head(path).use(contract.plugin),
    post: (path) => request(url).post(path).use(contract.plugin),
    put: (path) => request(url).put(path).use(contract.plugin),
    patch: (path) => request(url).patch(path).use(contract.plugin),
    delete: (path) => request(url).delete(path).use(contract.plugin),
    options: (path) => request(url).options(path),
    ...assembly.core,
    ...assembly,
    url,
    port,
    config,
    database,
    models: modelsOf(database),
    store: createStore(database, roleStoresOf),
    clock,
    logs,
    contractViolations: contract.violations,
    async stop() {
      await drain(0);
      await assembly.stop();
      await database.close();
      await testDatabase.drop();
      expectCleanLogs(logs.lines);
    },
  };
}

async function textOf(url: string): Promise<string> {
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  return text(response);
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
