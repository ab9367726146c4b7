import type { Logger } from 'pino';
import { isClockOff, type SharedClock } from '../core/clock.ts';

/** From here on the offset of the host's clock is worth a warning. */
const WARN_MILLISECONDS = 2_000;

/** Compares the clock with the database's, and says in the log where they differ. */
export async function checkClock(clock: SharedClock, logger: Logger): Promise<void> {
  await clock.compare();
  const offset = clock.offsetMilliseconds();
  if (Math.abs(offset) <= WARN_MILLISECONDS) return;
  const fields = { offset_ms: Math.round(offset) };
  if (isClockOff(clock)) logger.error(fields, 'host and database clocks differ too much: not ready');
  else logger.warn(fields, 'host and database clocks differ');
}
