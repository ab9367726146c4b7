import { ReplyError } from 'ioredis';
import type { Logger } from 'pino';
import { setDeadline } from '../db/deadline.ts';
import { createClient, greet, type RedisClient } from './client.ts';

/** A connection to Redis that never makes a request wait long: while Redis is away, it is not asked. */
export interface RedisConnection {
  readonly client: RedisClient;
  /** Whether it may be asked something. */
  readonly isUp: () => boolean;
  /** Whether it also took what it was given to write last. */
  readonly isCounting: () => boolean;
  /**
   * The result of a command. Rejects where Redis takes too long; answers that arrived while this process was busy with
   * something else are read first.
   */
  readonly inTime: <Result>(command: Promise<Result>) => Promise<Result>;
  /** Reports that Redis has written something. One that is full answers reads, which does not show this. */
  readonly tookWrite: () => void;
  /** Reports why a command failed. After one that took too long Redis counts as away until it is connected again. */
  readonly failed: (error: unknown) => void;
  readonly close: () => void;
}

/** A healthy Redis answers within a millisecond. */
const COMMAND_TIMEOUT_MILLISECONDS = 250;
/** Also for each command of the handshake, which no request waits for. */
const CONNECT_TIMEOUT_MILLISECONDS = 1000;
const MAX_RECONNECT_MILLISECONDS = 1000;
/** One that is there and too slow is asked again after this long, and so is one that rejects commands. */
const SLOW_PAUSE_MILLISECONDS = 5000;
const ERROR_PAUSE_MILLISECONDS = 5000;
const FULL = 'OOM';

/** Connects in the background, and again whenever the connection is lost. */
export function connectRedis(url: string, logger: Logger): RedisConnection {
  const client = createClient(url, {
    timeoutMilliseconds: CONNECT_TIMEOUT_MILLISECONDS,
    reconnectAfterMilliseconds: (attempt) =>
      isSlow ? SLOW_PAUSE_MILLISECONDS : Math.min(attempt * 100, MAX_RECONNECT_MILLISECONDS),
  });
  let up: boolean | undefined;
  let isSlow = false;
  let lastError: string | undefined;

  function turn(isUp: boolean, error?: Error): void {
    if (isUp === up) return;
    up = isUp;
    lastError = undefined;
    if (isUp) logger.info('redis is connected');
    else logger.warn({ err: error }, 'redis is away: this process counts by itself, and cookies are refused');
  }

  function failed(error: unknown): void {
    if (!up || !(error instanceof Error)) return;
    if (!(error instanceof ReplyError)) {
      // It took too long, or the connection was lost meanwhile, which the client may not know yet.
      turn(false, error);
      client.disconnect(true);
    } else if (kindOf(error) !== lastError) {
      // Logged once: the next command would fail in the same way.
      lastError = kindOf(error);
      // One that is full still answers what it knows.
      if (lastError !== FULL) setTimeout(reconnect, ERROR_PAUSE_MILLISECONDS).unref();
      logger.warn({ err: error }, 'redis rejects commands: this process counts by itself');
    }
  }

  /** A server that was the primary until now takes no writes any more: behind its name may be another one. */
  function reconnect(): void {
    if (up && lastError !== undefined) client.disconnect(true);
  }

  /** Connecting may take longer than a request may wait, so the first command serves no request. */
  async function begin(): Promise<void> {
    try {
      await withDeadline(greet(client));
      isSlow = false;
      turn(true);
    } catch (error) {
      isSlow = error instanceof TooLate;
      turn(false, error as Error);
      client.disconnect(true);
    }
  }

  client.on('ready', begin);
  client.on('error', (error) => turn(false, error));
  client.on('close', () => turn(false));

  return {
    client,
    isUp: () => up === true,
    isCounting: () => up === true && lastError === undefined,
    inTime: withDeadline,
    tookWrite: () => {
      lastError = undefined;
    },
    failed,
    close: () => {
      client.removeAllListeners('close');
      client.disconnect();
    },
  };
}

/** The first word of what Redis answers; the rest differs from command to command. */
function kindOf({ message }: Error): string {
  return message.split(' ', 1)[0] ?? '';
}

class TooLate extends Error {
  constructor() {
    super(`Redis did not answer within ${COMMAND_TIMEOUT_MILLISECONDS} ms`);
  }
}

/** Of the time that Redis may take, the time that this process is busy before it asks is no part. */
async function withDeadline<Result>(command: Promise<Result>): Promise<Result> {
  let cancel = () => {};
  const tooLate = new Promise<never>((_resolve, reject) => {
    cancel = setDeadline(() => reject(new TooLate()), COMMAND_TIMEOUT_MILLISECONDS);
  });
  try {
    return await Promise.race([command, tooLate]);
  } finally {
    cancel();
  }
}
