import { Redis } from 'ioredis';
import { type RedisServer, startRedisServer } from '../../tests/support/redis-server.ts';
import type { Run } from './benchmark.ts';

export interface PrivateRedis extends Pick<RedisServer, 'port'> {
  /** The URL of one of its numbered databases. */
  readonly urlOf: (database: number) => string;
  /** What it occupies with all that it keeps. */
  readonly usedBytes: () => Promise<number>;
  /** The mean time that it works on a GET, of those during `work`. */
  readonly microsecondsPerGet: (work: () => Promise<void>) => Promise<number>;
}

/** A private Redis that lasts as long as the benchmark. */
export async function startRedis(run: Run): Promise<PrivateRedis> {
  const server = await startRedisServer();
  run.defer(() => server.stop());
  const urlOf = (database: number) => Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
  const client = new Redis(urlOf(0));
  run.defer(() => client.disconnect());

  async function usedBytes(): Promise<number> {
    const memory = await client.info('memory');
    return Number(/^used_memory:(\d+)/m.exec(memory)?.[1]);
  }

  async function microsecondsPerGet(work: () => Promise<void>): Promise<number> {
    await client.config('RESETSTAT');
    await work();
    const commands = await client.info('commandstats');
    return Number(/^cmdstat_get:.*usec_per_call=([\d.]+)/m.exec(commands)?.[1]);
  }

  return { port: server.port, urlOf, usedBytes, microsecondsPerGet };
}
