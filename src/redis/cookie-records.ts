import type { CookieRecords } from '../core/cookie-sessions/records.ts';
import { AppError } from '../core/errors.ts';
import type { RedisConnection } from './connect.ts';

/** Other services read the sessions under this prefix. */
const KEY_PREFIX = 'latchkey:session:';

/** Keeps the records of cookie sessions in Redis, where they expire by themselves. */
export function createRedisRecords(
  redis: Pick<RedisConnection, 'client' | 'isUp' | 'inTime' | 'failed' | 'tookWrite'>,
): CookieRecords {
  const { client } = redis;
  const at = (key: string) => KEY_PREFIX + key;

  function requireUp(): void {
    if (!redis.isUp()) throw new AppError('session_store_unavailable');
  }

  /** @throws AppError session_store_unavailable, within the time that a command may take */
  async function ask<Result>(command: () => Promise<Result>): Promise<Result> {
    requireUp();
    try {
      return await redis.inTime(command());
    } catch (cause) {
      redis.failed(cause);
      throw new AppError('session_store_unavailable', undefined, { cause });
    }
  }

  async function write<Result>(command: () => Promise<Result>): Promise<Result> {
    const result = await ask(command);
    redis.tookWrite();
    return result;
  }

  return {
    requireUp,
    async insert(key, record, ttlSeconds) {
      await write(() => client.set(at(key), record, 'EX', ttlSeconds));
    },
    find: (key) => ask(() => client.get(at(key)).catch(nullIfNoText)),
    // Only what is there is replaced: a logout meanwhile has removed it.
    replace: async (key, record, ttlSeconds) =>
      (await write(() => client.set(at(key), record, 'EX', ttlSeconds, 'XX'))) === 'OK',
    // One that is full removes as well, which does not show that it has room.
    async remove(key) {
      await ask(() => client.del(at(key)));
    },
  };
}

/** What is no text was not written here: that is one session that is lost, and not a Redis that is away. */
function nullIfNoText(error: unknown): null {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null;
  throw error;
}
