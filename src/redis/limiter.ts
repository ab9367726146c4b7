import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type Rate, widerNetworksOf } from '../core/limits/quota.ts';
import type { RateLimiter, RequestPolicy } from '../core/limits/rate-limiter.ts';
import type { RedisConnection } from './connect.ts';

const KEY_PREFIX = 'latchkey:limit';

/** Counts of all processes, where there is a Redis, and of this one. */
interface Counters {
  readonly shared: RateLimiterRedis | undefined;
  readonly own: RateLimiterMemory;
}

interface Count {
  readonly allowed: boolean;
  readonly result: RateLimiterRes;
}

/**
 * Counts in fixed windows: in Redis where there is one, else in this process. While Redis is away this process's own
 * counts decide; they begin again at zero each time, so a key may get up to twice its limit in the window of a change.
 */
export function createRateLimiter(
  rates: Readonly<Record<RequestPolicy, Rate>>,
  redis: RedisConnection | undefined,
): RateLimiter {
  const countersOf = new Map<string, Counters>();
  /** The counters of a policy, or of a wider network that it counts, each with a limit of its own. */
  function countersFor(name: string, rate: Rate): Counters {
    const counters = countersOf.get(name) ?? createCounters(name, rate, redis);
    countersOf.set(name, counters);
    return counters;
  }

  async function countOne({ shared, own }: Counters, key: string): Promise<Count> {
    if (shared === undefined || !redis?.isUp()) return consume(own, key);
    try {
      const count = await redis.inTime(consume(shared, key));
      redis.tookWrite();
      return count;
    } catch (error) {
      redis.failed(error);
      return consume(own, key);
    }
  }

  async function consumeAt(policy: RequestPolicy, name: string, rate: Rate, key: string) {
    const { allowed, result } = await countOne(countersFor(name, rate), key);
    const resetSeconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
    return { allowed, policy, ...rate, remaining: result.remainingPoints, resetSeconds };
  }

  return {
    async consume(policy, key) {
      const { limit, windowSeconds } = rates[policy];
      const own = await consumeAt(policy, policy, { limit, windowSeconds }, key);
      // Refusals to a narrow network do not count for the wider one: a few that flood do not shut out the others.
      for (const { prefixBits, network, multiple } of own.allowed ? widerNetworksOf(key) : []) {
        const rate = { limit: multiple * limit, windowSeconds };
        const wider = await consumeAt(policy, `${policy}:${prefixBits}`, rate, network);
        if (!wider.allowed) return wider;
      }
      return own;
    },
  };
}

function createCounters(policy: string, rate: Rate, redis: RedisConnection | undefined): Counters {
  const options = { keyPrefix: `${KEY_PREFIX}:${policy}`, points: rate.limit, duration: rate.windowSeconds };
  const own = new RateLimiterMemory(options);
  if (redis === undefined) return { shared: undefined, own };
  const shared = new RateLimiterRedis({
    ...options,
    storeClient: redis.client,
    // A key over its limit stays so until the window ends, without asking Redis again.
    inMemoryBlockOnConsumed: rate.limit + 1,
  });
  return { shared, own };
}

/** The library rejects with a result where the limit is exceeded, and with an error where something failed. */
async function consume(counter: RateLimiterMemory | RateLimiterRedis, key: string): Promise<Count> {
  try {
    return { allowed: true, result: await counter.consume(key) };
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return { allowed: false, result: thrown };
    throw thrown;
  }
}
