import { AppError } from '../../core/errors.ts';
import type { Route } from '../../http/route.ts';

export interface Readiness {
  /** Whether the process has been told to stop. */
  readonly isDraining: () => boolean;
  /** Whether the machine's clock is too far from the database's. */
  readonly isClockOff: () => boolean;
  /** Whether nobody here knows any more what has been revoked. */
  readonly isStale: () => boolean;
  /** What verification does then. */
  readonly whenStale: 'refuse' | 'accept';
  /** Whether the database answers within so many milliseconds and has the schema this code was written for. */
  readonly isSchemaCurrent: (withinMilliseconds: number) => Promise<boolean>;
  /** Rejects where the database takes no writes within so many milliseconds. */
  readonly tryWriting: (withinMilliseconds: number) => Promise<void>;
}

const DATABASE_ANSWER_MILLISECONDS = 1000;

export function healthRoutes(readiness: Readiness): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      access: 'public',
      handle(_req, res) {
        res.json({ status: 'ok' });
      },
    },
    {
      method: 'GET',
      path: '/readyz',
      access: 'public',
      async handle(_req, res) {
        if (readiness.isDraining()) throw new AppError('not_ready', 'The service is shutting down.');
        if (readiness.isClockOff()) {
          throw new AppError('not_ready', 'The clock of this machine differs from that of the database.');
        }
        const stale = readiness.isStale();
        if (stale && readiness.whenStale === 'refuse') throw new AppError('revocations_stale');
        await assertUsable(readiness);
        res.json({ status: 'ok', revocations: stale ? 'stale' : 'followed' });
      },
    },
  ];
}

/** At once, so that both together have one second. Why it cannot be read says more than that it cannot be written. */
async function assertUsable({ isSchemaCurrent, tryWriting }: Readiness): Promise<void> {
  const [read, written] = await Promise.allSettled([
    isSchemaCurrent(DATABASE_ANSWER_MILLISECONDS),
    tryWriting(DATABASE_ANSWER_MILLISECONDS),
  ]);
  if (read.status === 'rejected') refuse(read.reason);
  if (!read.value)
    throw new AppError('not_ready', 'The database schema is behind this version of the service.');
  if (written.status === 'rejected') {
    const cause = written.reason instanceof AppError ? written.reason.cause : written.reason;
    throw new AppError('not_ready', 'The database takes no writes at present.', { cause });
  }
}

function refuse(error: unknown): never {
  if (error instanceof AppError) throw error;
  throw new AppError('not_ready', 'The database schema cannot be read.', { cause: error });
}
