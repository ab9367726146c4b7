import { isClockOff } from '../../core/clock.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import { isSchemaCurrent } from '../../db/migrate.ts';
import { createWriteProbe } from '../../db/write-probe.ts';

export interface Readiness {
  /**
   * Whether revocations are followed, where the process can take traffic.
   * @throws AppError not_ready, revocations_stale, database_unavailable
   */
  readonly check: () => Promise<'followed' | 'stale'>;
}

const DATABASE_ANSWER_MILLISECONDS = 1000;

export function createReadiness(core: Core): Readiness {
  const { database, clock, follower, isDraining, requireFresh } = core;
  const tryWriting = createWriteProbe(database, clock);

  async function check(): Promise<'followed' | 'stale'> {
    if (isDraining()) throw new AppError('not_ready', 'The service is shutting down.');
    if (isClockOff(clock)) {
      throw new AppError('not_ready', 'The clock of this machine differs from that of the database.');
    }
    requireFresh();
    await assertDatabaseUsable();
    return follower.isStale() ? 'stale' : 'followed';
  }

  /** At once, so that both together have one second. Why it cannot be read says more than that it cannot be written. */
  async function assertDatabaseUsable(): Promise<void> {
    const [read, written] = await Promise.allSettled([
      isSchemaCurrent(database, DATABASE_ANSWER_MILLISECONDS),
      tryWriting(DATABASE_ANSWER_MILLISECONDS),
    ]);
    if (read.status === 'rejected') {
      if (read.reason instanceof AppError) throw read.reason;
      throw new AppError('not_ready', 'The database schema cannot be read.', { cause: read.reason });
    }
    if (!read.value)
      throw new AppError('not_ready', 'The database schema is behind this version of the service.');
    if (written.status === 'rejected') {
      const cause = written.reason instanceof AppError ? written.reason.cause : written.reason;
      throw new AppError('not_ready', 'The database takes no writes at present.', { cause });
    }
  }

  return { check };
}
