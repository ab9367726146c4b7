import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** A connection to Redis that never lets anybody wait: while Redis is away, commands fail at once. */
export interface RedisConnection {
  readonly client: Redis;
  readonly isUp: () => boolean;
  /** Told why a command failed. After one that took too long Redis counts as away until it is connected anew. */
  readonly failed: (error: unknown) => void;
  readonly close: () => void;
}

const COMMAND_TIMED_OUT = 'Command timed out';

/** A Redis that is well answers within a millisecond. */
const COMMAND_TIMEOUT_MILLISECONDS = 250;
const CONNECT_TIMEOUT_MILLISECONDS = 1000;
const MAX_RECONNECT_MILLISECONDS = 1000;

/** Connects in the background, and again whenever the connection is lost. */
export function connectRedis(url: string, logger: Logger): RedisConnection {
  const client = new Redis(url, {
    commandTimeout: COMMAND_TIMEOUT_MILLISECONDS,
    connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_MILLISECONDS),
  });
  let wasUp: boolean | undefined;
  const isUp = () => client.status === 'ready';

  function report(up: boolean, error?: Error): void {
    if (up === wasUp) return;
    wasUp = up;
    if (up) logger.info('redis is connected');
    else logger.warn({ err: error }, 'redis is away: this process counts by itself');
  }
  client.on('ready', () => report(true));
  client.on('error', (error) => report(false, error));
  client.on('close', () => report(false));

  return {
    client,
    isUp,
    failed: (error) => {
      if (!isUp()) return;
      logger.warn({ err: error }, 'redis did not do what it was asked');
      if (error instanceof Error && error.message === COMMAND_TIMED_OUT) client.disconnect(true);
    },
    close: () => {
      client.removeAllListeners('close');
      client.disconnect();
    },
  };
}
