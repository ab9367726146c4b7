import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** A connection to Redis that never lets anybody wait long: while Redis is away, nothing is asked of it. */
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
  let up: boolean | undefined;
  let lastFault: string | undefined;

  function turn(isUp: boolean, error?: Error): void {
    if (isUp === up) return;
    up = isUp;
    lastFault = undefined;
    if (isUp) logger.info('redis is connected');
    else logger.warn({ err: error }, 'redis is away: this process counts by itself');
  }

  function failed(error: unknown): void {
    if (!up || !(error instanceof Error)) return;
    if (error.message === COMMAND_TIMED_OUT) {
      turn(false, error);
      client.disconnect(true);
    } else if (error.message !== lastFault) {
      // Once is enough: the next command will hear the same.
      lastFault = error.message;
      logger.warn({ err: error }, 'redis does not do what it is asked: this process counts by itself');
    }
  }

  client.on('ready', () => turn(true));
  client.on('error', (error) => turn(false, error));
  client.on('close', () => turn(false));

  return {
    client,
    isUp: () => up === true,
    failed,
    close: () => {
      client.removeAllListeners('close');
      client.disconnect();
    },
  };
}
