import { AppError } from '../errors.ts';
import type { Route } from '../http/route.ts';

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
        const current = await readiness.isSchemaCurrent(DATABASE_ANSWER_MILLISECONDS).catch(refuse);
        if (!current)
          throw new AppError('not_ready', 'The database schema is behind this version of the service.');
        res.json({ status: 'ok', revocations: stale ? 'stale' : 'followed' });
      },
    },
  ];
}

function refuse(error: unknown): never {
  if (error instanceof AppError) throw error;
  throw new AppError('not_ready', 'The database schema cannot be read.', { cause: error });
}
