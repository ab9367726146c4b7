import type { Logger } from 'pino';

export interface Housekeeping {
  /** Runs all tasks once a minute until `stop`. */
  readonly start: () => void;
  readonly stop: () => void;
}

const INTERVAL_MILLISECONDS = 60_000;

/** Flushes what was noted and removes expired rows. A task that fails is logged and tried again the next time. */
export function createHousekeeping(tasks: readonly (() => Promise<void>)[], logger: Logger): Housekeeping {
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    for (const task of tasks) {
      await task().catch((error) => logger.warn({ err: error }, 'a housekeeping task failed'));
    }
  }

  return {
    start() {
      timer = setInterval(run, INTERVAL_MILLISECONDS).unref();
    },
    stop: () => clearInterval(timer),
  };
}
