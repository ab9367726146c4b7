import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';

/** For all that is done after the delay. */
export const STOP_MILLISECONDS = 10_000;

/** What a terminal or a service manager sends to every process at once. */
const STOP_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

/**
 * Runs `stop` once when a signal or an unexpected error asks for it, and exits; at once on a second signal, and after
 * `withinMilliseconds` in any case.
 */
export function stopOnSignal(logger: Logger, withinMilliseconds: number, stop: () => Promise<void>): void {
  stopWithGrace(logger, withinMilliseconds, stop, []);
}

/**
 * The same in one of several processes, which the first one asks to stop too: returns what does. A signal may come
 * before that or after it, so none counts as a second one; on that the first process exits, and this one with it.
 */
export function stopOnSignalOrRequest(
  logger: Logger,
  withinMilliseconds: number,
  stop: () => Promise<void>,
): () => void {
  const stopOnce = stopWithGrace(logger, withinMilliseconds, stop, STOP_SIGNALS);
  for (const signal of STOP_SIGNALS) process.on(signal, stopOnce);
  return stopOnce;
}

function stopWithGrace(
  logger: Logger,
  withinMilliseconds: number,
  stop: () => Promise<void>,
  skip: typeof STOP_SIGNALS | [],
): () => void {
  let stopping = false;
  const { close } = closeWithGrace(
    {
      delay: withinMilliseconds,
      skip: [...skip],
      logger: {
        error: (reason: unknown) =>
          logger.warn({ reason: String(reason) }, 'shutdown did not finish in time'),
      },
    },
    async ({ signal, err }) => {
      stopping = true;
      if (err) logger.fatal({ err }, 'stopping after an unexpected error');
      else logger.info({ signal }, 'stopping');
      await stop();
      logger.info('stopped');
    },
  );
  return () => {
    if (!stopping) close();
  };
}
