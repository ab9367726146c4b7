import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';

/** For all that is done after the delay. */
export const STOP_MILLISECONDS = 10_000;

/**
 * Runs `stop` once when a signal or an unexpected error asks for it, and exits; at once on a second signal, and after
 * `withinMilliseconds` in any case. Returns what asks for it without a signal.
 */
export function stopOnSignal(
  logger: Logger,
  withinMilliseconds: number,
  stop: () => Promise<void>,
): () => void {
  let stopping = false;
  const { close } = closeWithGrace(
    {
      delay: withinMilliseconds,
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
    // A signal to all processes and the message of the primary count as one.
    if (!stopping) close();
  };
}
