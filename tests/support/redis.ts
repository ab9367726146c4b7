import { afterAll, beforeAll, describe } from '@jest/globals';
import { findRedis, type RedisServer, startRedisServer } from './redis-server.ts';

/** What the service logs of its Redis. */
export const REDIS_LOG = {
  connected: 'redis is connected',
  away: 'redis is away: this process counts by itself, and cookies are refused',
  rejects: 'redis rejects commands: this process counts by itself',
} as const;

/** The ways in which a Redis is lost and comes back. */
export const LOSSES = [
  {
    how: 'is killed',
    keepsWhatItHas: false,
    lose: (redis: RedisServer) => redis.kill(),
    giveBack: (redis: RedisServer) => redis.restart(),
  },
  {
    how: 'is frozen',
    keepsWhatItHas: true,
    lose: async (redis: RedisServer) => redis.pause(),
    giveBack: async (redis: RedisServer) => redis.resume(),
  },
];

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
