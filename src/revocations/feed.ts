import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { RevocationFollower } from '../sessions/follower.ts';
import type { Revocation, RevocationStore } from '../sessions/ports.ts';
import { type Cursor, formatCursor, type LiveCursor, type SnapshotCursor } from './cursor.ts';
import { KEPT_SECONDS, PAGE_EVENTS, type RevocationLog } from './log.ts';

export interface FeedDependencies {
  readonly store: { readonly revocations: Pick<RevocationStore, 'listLiveAfter'> };
  readonly log: RevocationLog;
  readonly follower: Pick<RevocationFollower, 'catchUp' | 'isStale' | 'lagMilliseconds'>;
  readonly clock: Clock;
}

/** What a follower is told. */
export interface FeedPage {
  readonly events: readonly Revocation[];
  /** What it should ask for next. */
  readonly cursor: string;
  /** Whether there is more already. */
  readonly hasMore: boolean;
  /** How old this process's knowledge is. */
  readonly lagMilliseconds: number;
  readonly now: Date;
}

export type Feed = ReturnType<typeof createFeed>;

/** Tells other services what has been revoked: first everything that is revoked at present, then what is new. */
export function createFeed({ store, log, follower, clock }: FeedDependencies) {
  /**
   * The page behind `cursor`; where that would be empty, once there is something or so many seconds are over. Waiting asks
   * no database.
   * @throws AppError cursor_too_old, revocations_stale, database_unavailable
   */
  async function read(
    cursor: Cursor | undefined,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<FeedPage> {
    const ageSeconds = clock.now() / 1000 - (cursor?.issuedAtSeconds ?? clock.now() / 1000);
    if (ageSeconds > KEPT_SECONDS) throw new AppError('cursor_too_old');
    if (cursor?.kind === 'live') return readLive(cursor, waitSeconds, signal);
    return readSnapshot(cursor ?? { settled: log.settled(), after: 0 });
  }

  async function readSnapshot({ settled, after }: SnapshotCursor): Promise<FeedPage> {
    const now = new Date(clock.now());
    const events = await store.revocations.listLiveAfter(after, PAGE_EVENTS, now);
    const last = events.at(-1)?.position ?? after;
    const hasMore = events.length === PAGE_EVENTS;
    const next = hasMore
      ? ({ kind: 'snapshot', settled, after: last } as const)
      : ({ kind: 'live', settled, highest: settled, checksum: 0 } as const);
    return page(events, next, hasMore, 0);
  }

  async function readLive(cursor: LiveCursor, waitSeconds: number, signal: AbortSignal): Promise<FeedPage> {
    // From a process that knew more; one reading serves all who ask meanwhile.
    if (cursor.highest > log.highest()) await follower.catchUp();
    let found = log.since(cursor);
    if (found?.events.length === 0 && waitSeconds > 0) {
      await log.nextAppend(waitSeconds * 1000, signal);
      found = log.since(cursor);
    }
    if (found === undefined) throw new AppError('cursor_too_old');
    if (follower.isStale()) throw new AppError('revocations_stale');
    const { events, next } = found;
    const hasMore = events.length === PAGE_EVENTS;
    return page(events, { kind: 'live', ...next }, hasMore, follower.lagMilliseconds());
  }

  function page(
    events: readonly Revocation[],
    next: ({ readonly kind: 'live' } & LiveCursor) | ({ readonly kind: 'snapshot' } & SnapshotCursor),
    hasMore: boolean,
    lagMilliseconds: number,
  ): FeedPage {
    const now = new Date(clock.now());
    const cursor = formatCursor({ ...next, issuedAtSeconds: Math.floor(now.getTime() / 1000) });
    return { events, cursor, hasMore, lagMilliseconds, now };
  }

  return { read };
}
