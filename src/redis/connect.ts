import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** A connection to Redis that never lets anybody wait long: while Redis is away, nothing is asked of it. */
export interface RedisConnection {
  readonly client: Redis;
  readonly isUp: () => boolean;
  /**
   * What a command comes to. Rejects where Redis takes too long; what has arrived while this process was busy with
   * something else is read first.
   */
  readonly inTime: <Result>(command: Promise<Result>) => Promise<Result>;
  /** Told why a command failed. After one that took too long Redis counts as away until it is connected anew. */
  readonly failed: (error: unknown) => void;
  readonly close: () => void;
}

/** A Redis that is well answers within a millisecond. */
const COMMAND_TIMEOUT_MILLISECONDS = 250;
/** Also for each command of the handshake, which nobody waits for. */
const CONNECT_TIMEOUT_MILLISECONDS = 1000;
const MAX_RECONNECT_MILLISECONDS = 1000;

/** Connects in the background, and again whenever the connection is lost. */
export function connectRedis(url: string, logger: Logger): RedisConnection {
  const client = new Redis(url, {
    commandTimeout: CONNECT_TIMEOUT_MILLISECONDS,
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
    if (error instanceof TooLate) {
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
    inTime,
    failed,
    close: () => {
      client.removeAllListeners('close');
      client.disconnect();
    },
  };
}

class TooLate extends Error {
  constructor() {
    super(`Redis did not answer within ${COMMAND_TIMEOUT_MILLISECONDS} ms`);
  }
}

async function inTime<Result>(command: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    // Timers come before sockets are read, immediates after that.
    timer = setTimeout(() => setImmediate(() => reject(new TooLate())), COMMAND_TIMEOUT_MILLISECONDS);
  });
  try {
    return await Promise.race([command, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
