import { isClockOff } from '../../core/clock.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';

export interface ReadinessDependencies
  extends Pick<Core, 'clock' | 'follower' | 'isDraining' | 'requireFresh'> {
  /** Whether the database answers within the given time and has the schema this code was written for. */
  readonly isSchemaCurrent: (withinMilliseconds: number) => Promise<boolean>;
  /** Whether a part of the database cannot be read, which the look at the schema does not notice. */
  readonly isDamaged: () => boolean;
  /** Rejects where the database takes no writes within the given time. */
  readonly tryWriting: (withinMilliseconds: number) => Promise<void>;
}

export interface Readiness {
  /**
   * Whether revocations are followed, where the process can take traffic.
   * @throws AppError not_ready, revocations_stale, database_unavailable
   */
  readonly check: () => Promise<'followed' | 'stale'>;
}

const DATABASE_ANSWER_MILLISECONDS = 1000;

export function createReadiness(dependencies: ReadinessDependencies): Readiness {
  const { clock, follower, isDraining, requireFresh, isSchemaCurrent, isDamaged, tryWriting } = dependencies;

  async function check(): Promise<'followed' | 'stale'> {
    if (isDraining()) throw new AppError('not_ready', 'The service is shutting down.');
    if (isClockOff(clock)) {
      throw new AppError('not_ready', 'The clock of this host differs from that of the database.');
    }
    requireFresh();
    await assertDatabaseUsable();
    return follower.isStale() ? 'stale' : 'followed';
  }

  /** At once, so that both together have one second. Why it cannot be read says more than that it cannot be written. */
  async function assertDatabaseUsable(): Promise<void> {
    const [read, written] = await Promise.allSettled([
      isSchemaCurrent(DATABASE_ANSWER_MILLISECONDS),
      tryWriting(DATABASE_ANSWER_MILLISECONDS),
    ]);
    if (read.status === 'rejected') {
      if (read.reason instanceof AppError) throw read.reason;
      throw new AppError('not_ready', 'The database schema cannot be read.', { cause: read.reason });
    }
    if (!read.value)
      throw new AppError('not_ready', 'The database schema is behind this version of the service.');
    if (isDamaged()) throw new AppError('database_unavailable', 'The database file is damaged.');
    if (written.status === 'rejected') {
      const cause = written.reason instanceof AppError ? written.reason.cause : written.reason;
      throw new AppError('not_ready', 'The database takes no writes at present.', { cause });
    }
  }

  return { check };
}
