import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { connectRedis, type RedisConnection } from '../../src/redis/connect.ts';
import { createRedisRecords } from '../../src/redis/cookie-records.ts';
import { createRateLimiter } from '../../src/redis/limiter.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createLogSink } from '../support/logs.ts';
import { onRedis, useRedis } from '../support/redis.ts';

const RATE = { limit: 10, windowSeconds: 60 };
const RATES = {
  'signup-ip': RATE,
  'login-ip': RATE,
  'session-ip': RATE,
  'refresh-session': RATE,
  token: RATE,
  'api-key': RATE,
  'oauth-ip': RATE,
  'send-address': RATE,
  'send-account': RATE,
  'send-ip': RATE,
  'send-total': RATE,
};
/** Longer than a Redis that is well ever takes. */
const BUSY_MILLISECONDS = 400;

/** Keeps this process from reading anything, as a long task does, or a machine that gives it no time. */
function beBusy(): void {
  const end = performance.now() + BUSY_MILLISECONDS;
  while (performance.now() < end);
}

onRedis(() => {
  describe('A process that is busy for longer than Redis may take', () => {
    const redis = useRedis();
    const logs = createLogSink();
    const connections: RedisConnection[] = [];

    beforeEach(() => {
      logs.lines.splice(0);
    });
    afterEach(() => {
      for (const connection of connections.splice(0)) connection.close();
    });

    function open(): RedisConnection {
      const connection = connectRedis(redis.url, createLogger('info', logs));
      connections.push(connection);
      return connection;
    }

    const connect = () => createRateLimiter(RATES, open());

    it('reads the answer that has come meanwhile, and does not take Redis for lost', async () => {
      const [one, other] = [connect(), connect()];
      await logs.logged('redis is connected', 2);

      const counting = one.consume('token', 'key');
      beBusy();
      await counting;

      expect(logs.entries().filter(({ level }) => Number(level) > 30)).toEqual([]);
      expect((await other.consume('token', 'key')).remaining).toBe(RATE.limit - 2);
    });

    it('gives Redis its time from when it was asked', async () => {
      const records = createRedisRecords(open());
      await logs.logged('redis is connected');
      const operator = new Redis(redis.url);
      await operator.client('PAUSE', BUSY_MILLISECONDS + 100);
      operator.disconnect();

      // What is asked in one turn of the event loop is sent at its end.
      const looking = records.find('key');
      beBusy();

      expect(await looking).toBeNull();
    });

    it('connects without a warning', async () => {
      connect();
      let isConnected = false;
      logs.logged('redis is connected').then(() => {
        isConnected = true;
      });

      // The greeting is on its way at one of these moments.
      for (let turns = 0; turns < 30 && !isConnected; turns++) {
        beBusy();
        await new Promise((resolve) => setImmediate(resolve));
      }

      expect(logs.entries().map(({ msg }) => msg)).toEqual(['redis is connected']);
    });
  });
});
