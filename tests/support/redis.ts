import { afterAll, beforeAll, describe } from '@jest/globals';
import { findRedis, type RedisServer, startRedisServer } from './redis-server.ts';

/** Runs a suite where there is a Redis; global-setup.ts has said so if it is missing. */
export function onRedis(suite: () => void): void {
  if (findRedis() !== undefined) describe('with Redis', suite);
  else describe.skip('with Redis', suite);
}

/** A Redis of the suite's own. Ready once the suite runs. */
export function useRedis(): RedisServer {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedisServer();
  });
  afterAll(() => redis.stop());
  return new Proxy({} as RedisServer, { get: (_target, name) => redis[name as keyof RedisServer] });
}
