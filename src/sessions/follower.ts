import type { RevocationSet } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Announce, RecordedRevocation, Revocation, SessionStores } from './ports.ts';

export interface FollowerOptions {
  readonly stores: Pick<SessionStores, 'sessions' | 'revocations'>;
  readonly revocations: RevocationSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxLagSeconds: number;
  /** Told of each reading of the table, and up to where it is settled. */
  readonly onRead?: (page: readonly RecordedRevocation[], settled: number) => void;
  /** Whether others follow this process, who should learn of it sooner. */
  readonly isFollowed?: () => boolean;
}

/** Keeps a process's revocation set equal to the table that all processes write to. */
export interface RevocationFollower {
  /** Reads whatever is new when it is called; one reading at a time, whoever asks. Rejects where the table cannot be read. */
  readonly catchUp: () => Promise<void>;
  /** Adds what this process has committed. Where it is followed it reads the table at once, for the positions. */
  readonly announce: Announce;
  /** Reads every 500 ms until `stop`, and every 100 ms while it is followed; a failure is logged and tried again. */
  readonly start: () => void;
  readonly stop: () => void;
  /** Removes what no living token can need, from memory and from the tables. */
  readonly prune: () => Promise<void>;
  /** Milliseconds since the table was last known to be followed. */
  readonly lagMilliseconds: () => number;
  /** Whether the lag is more than it may be: then nobody here knows what has been revoked. */
  readonly isStale: () => boolean;
}

const POLL_MILLISECONDS = 500;
const FOLLOWED_POLL_MILLISECONDS = 100;
const PAGE_ROWS = 10_000;

/**
 * Longer than any transaction of this service lives, since an operation has at most a minute. An id that is missing
 * for that long was given to a transaction that has been rolled back.
 */
const LATE_COMMIT_MILLISECONDS = 120_000;

export function createRevocationFollower(options: FollowerOptions): RevocationFollower {
  const { stores, revocations, clock, logger, maxLagSeconds } = options;
  const { onRead = () => {}, isFollowed = () => false } = options;
  let settled = 0;
  let followedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let readingNext: Promise<void> | undefined;
  let failing = false;
  let wasStale = false;

  /**
   * Ids are given out at insert and appear at commit, so a lower one may appear after a higher one. `settled` only
   * moves over ids that follow one another, or that are too old for anything still to appear below them; what lies
   * above is read again each time, which changes nothing, since adding twice is adding once.
   */
  async function readTable(): Promise<void> {
    const now = clock.now();
    let begunAt: number;
    let position = settled;
    for (;;) {
      begunAt = clock.monotonic();
      const page = await stores.revocations.listAfter(position, PAGE_ROWS);
      revocations.add(page);
      settled = settle(settled, page, now);
      onRead(page, settled);
      if (page.length < PAGE_ROWS) break;
      position = page.at(-1)?.position ?? position;
    }
    followedAt = begunAt;
  }

  /** A reading that has begun may have missed what was committed since, so whoever comes meanwhile waits for the next. */
  function catchUp(): Promise<void> {
    if (reading !== undefined) {
      readingNext ??= reading
        .catch(() => {})
        .then(() => {
          readingNext = undefined;
          return catchUp();
        });
      return readingNext;
    }
    reading = readTable().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  function announce(revoked: Iterable<Revocation>): void {
    revocations.add(revoked);
    if (isFollowed()) void poll();
  }

  async function poll(): Promise<void> {
    try {
      await catchUp();
      failing = false;
    } catch (error) {
      // Once is enough: what follows twice a second is the same.
      if (!failing) logger.warn({ err: error, lag_ms: lagMilliseconds() }, 'revocations cannot be followed');
      failing = true;
    }
    reportStaleness();
  }

  function reportStaleness(): void {
    if (isStale() === wasStale) return;
    wasStale = !wasStale;
    if (wasStale) logger.error({ lag_ms: lagMilliseconds() }, 'revocations are stale');
    else logger.info('revocations are followed again');
  }

  async function prune(): Promise<void> {
    revocations.prune(clock.now());
    const before = new Date(clock.now() - LATE_COMMIT_MILLISECONDS);
    await stores.revocations.prune(before);
    await stores.sessions.prune(before);
  }

  const lagMilliseconds = () => clock.monotonic() - followedAt;
  const isStale = () => lagMilliseconds() > maxLagSeconds * 1000;

  return {
    catchUp,
    announce,
    start() {
      const interval = () => (isFollowed() ? FOLLOWED_POLL_MILLISECONDS : POLL_MILLISECONDS);
      const next = async () => {
        await poll();
        if (timer !== undefined) timer = setTimeout(next, interval()).unref();
      };
      timer = setTimeout(next, interval()).unref();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
    prune,
    lagMilliseconds,
    isStale,
  };
}

/** The highest position below which nothing can appear any more. */
function settle(settled: number, page: readonly RecordedRevocation[], nowMilliseconds: number): number {
  let reached = settled;
  for (const { position, createdAt } of page) {
    const tooOldForGaps = createdAt.getTime() < nowMilliseconds - LATE_COMMIT_MILLISECONDS;
    if (position <= reached) continue;
    if (position !== reached + 1 && !tooOldForGaps) return reached;
    reached = position;
  }
  return reached;
}
