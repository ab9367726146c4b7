import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { RevocationFollower } from '../../core/revocation/follower.ts';
import { KEPT_SECONDS, type LiveCursor, PAGE_EVENTS, type RevocationLog } from '../../core/revocation/log.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import type { RevocationStore } from '../../core/revocation/revocations.store.ts';
import { type Cursor, formatCursor, type Place, type SnapshotCursor } from './cursor.ts';

export interface FeedDependencies {
  readonly store: { readonly revocations: Pick<RevocationStore, 'listLiveAfter'> };
  readonly log: RevocationLog;
  readonly follower: Pick<RevocationFollower, 'catchUp' | 'isStale' | 'lagMilliseconds'>;
  readonly clock: Clock;
}

/** A page for a follower. */
export interface FeedPage {
  readonly events: readonly Revocation[];
  /** The cursor of its next request. */
  readonly cursor: string;
  /** Whether there is more already. */
  readonly hasMore: boolean;
  /** How old this process's knowledge is. */
  readonly lagMilliseconds: number;
  readonly now: Date;
}

export type Feed = ReturnType<typeof createFeed>;

/** For this long a page that was made for one follower serves others with the same cursor. */
const SHARED_MILLISECONDS = 20;

/** Tells other services what has been revoked: first everything that is revoked at present, then what is new. */
export function createFeed({ store, log, follower, clock }: FeedDependencies) {
  const readings = new Map<string, Promise<FeedPage>>();
  let lastReading: Promise<unknown> = Promise.resolve();
  const shared = new Map<string, FeedPage>();
  let sharedSince = { version: 0, at: 0 };

  /**
   * The page after `cursor`; where that would be empty, once there is something or the given number of seconds is over.
   * Waiting does not query the database. Followers with the same cursor may be given the very same page.
   * @throws AppError cursor_too_old, revocations_stale, database_unavailable
   */
  async function read(
    cursor: Cursor | undefined,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<FeedPage> {
    if (cursor === undefined) return readSnapshot('begin', () => ({ settled: log.settled(), after: 0 }));
    const ageSeconds = clock.now() / 1000 - cursor.issuedAtSeconds;
    if (ageSeconds > KEPT_SECONDS) throw new AppError('cursor_too_old');
    if (cursor.kind === 'live') return readLive(cursor, waitSeconds, signal);
    return readSnapshot(`${cursor.settled}-${cursor.after}`, () => cursor);
  }

  /**
   * Concurrent requests for one page query the database once, and one page is read at a time: a thousand followers that
   * start together must not keep all else from it.
   */
  function readSnapshot(key: string, begin: () => SnapshotCursor): Promise<FeedPage> {
    const underWay = readings.get(key);
    if (underWay !== undefined) return underWay;
    const reading = lastReading.then(() => {
      readings.delete(key);
      return readTable(begin());
    });
    lastReading = reading.catch(() => {});
    readings.set(key, reading);
    return reading;
  }

  async function readTable({ settled, after }: SnapshotCursor): Promise<FeedPage> {
    const begunAt = clock.monotonic();
    const events = await store.revocations.listLiveAfter(after, PAGE_EVENTS, new Date(clock.now()));
    const last = events.at(-1)?.position ?? after;
    const hasMore = events.length === PAGE_EVENTS;
    const next: Place = hasMore
      ? { kind: 'snapshot', settled, after: last }
      : { kind: 'live', settled, highest: settled, checksum: 0 };
    return page(events, next, clock.monotonic() - begunAt);
  }

  async function readLive(cursor: LiveCursor, waitSeconds: number, signal: AbortSignal): Promise<FeedPage> {
    // From a process that knew more; one reading serves all who ask meanwhile.
    if (cursor.highest > log.highest()) await follower.catchUp();
    let found = livePage(cursor);
    if (found?.events.length === 0 && waitSeconds > 0) {
      await log.nextAppend(waitSeconds * 1000, signal);
      found = livePage(cursor);
    }
    if (found === undefined) throw new AppError('cursor_too_old');
    if (follower.isStale()) throw new AppError('revocations_stale');
    return found;
  }

  function livePage(cursor: LiveCursor): FeedPage | undefined {
    const [version, now] = [log.version(), clock.monotonic()];
    if (version !== sharedSince.version || now - sharedSince.at > SHARED_MILLISECONDS) {
      shared.clear();
      sharedSince = { version, at: now };
    }
    const key = `${cursor.settled}-${cursor.highest}-${cursor.checksum}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const found = log.since(cursor);
    if (found === undefined) return undefined;
    const made = page(found.events, { kind: 'live', ...found.next }, follower.lagMilliseconds());
    shared.set(key, made);
    return made;
  }

  function page(events: readonly Revocation[], next: Place, lagMilliseconds: number): FeedPage {
    const now = new Date(clock.now());
    const cursor = formatCursor({ ...next, issuedAtSeconds: Math.floor(now.getTime() / 1000) });
    return { events, cursor, hasMore: events.length === PAGE_EVENTS, lagMilliseconds, now };
  }

  return { read };
}
