import type { RevocationSet } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Announce, RecordedRevocation, Revocation } from './revocation.ts';
import type { RevocationTable } from './revocations.store.ts';
import { createUnsettled } from './unsettled.ts';

interface Prunable {
  readonly prune: (before: Date) => Promise<void>;
}

export interface FollowerOptions {
  /** Expired revocations are removed from both. */
  readonly stores: { readonly sessions: Prunable; readonly revocations: Prunable };
  readonly table: RevocationTable;
  readonly revocations: RevocationSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxLagSeconds: number;
  /** Called after each read of the table, with the position up to which it is settled. */
  readonly onRead?: (page: readonly RecordedRevocation[], settled: number) => void;
  /** Whether services follow this process, which should then read sooner. */
  readonly isFollowed?: () => boolean;
}

/** Keeps a process's revocation set equal to the table that all processes write to. */
export interface RevocationFollower {
  /** Reads the rows that are new when it is called; one read at a time. Rejects where the table cannot be read. */
  readonly catchUp: () => Promise<void>;
  /** Adds what this process has committed. Where it is followed it reads the table immediately, for the positions. */
  readonly announce: Announce;
  /** Reads every 500 ms until `stop`, and every 100 ms while it is followed; a failure is logged and tried again. */
  readonly start: () => void;
  readonly stop: () => void;
  /** Removes revocations that no living token can need, from memory and from the tables. */
  readonly prune: () => Promise<void>;
  /** Milliseconds since the table was last known to be followed. */
  readonly lagMilliseconds: () => number;
  /** Whether the lag is more than it may be: then this process does not know what has been revoked. */
  readonly isStale: () => boolean;
}

const POLL_MILLISECONDS = 500;
const FOLLOWED_POLL_MILLISECONDS = 100;
const PAGE_ROWS = 10_000;

/**
 * Longer than any transaction of this service lives, since an operation has at most a minute. A position that is missing
 * below one that was read that long ago was assigned to a transaction that has been rolled back, or to none.
 */
const LATE_COMMIT_MILLISECONDS = 120_000;

export function createRevocationFollower(options: FollowerOptions): RevocationFollower {
  const { stores, table, revocations, clock, logger, maxLagSeconds } = options;
  const { onRead = () => {}, isFollowed = () => false } = options;
  const unsettled = createUnsettled();
  let followedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let readingNext: Promise<void> | undefined;
  let failing = false;
  let wasStale = false;

  /**
   * Reads the rows above the highest known position. Where positions below are missing, it counts the rows of each
   * section and reads a section again if its count has changed: nothing is deleted there before it expires, so an equal
   * count means the same rows.
   */
  async function readTable(): Promise<void> {
    const begunAt = clock.monotonic();
    await readNew(begunAt);
    if (unsettled.settled() < unsettled.highest()) {
      await readLate(begunAt);
      unsettled.settle(begunAt - LATE_COMMIT_MILLISECONDS);
      onRead([], unsettled.settled());
    }
    followedAt = begunAt;
  }

  async function readNew(begunAt: number): Promise<void> {
    const isFirst = followedAt === Number.NEGATIVE_INFINITY;
    const now = clock.now();
    await readPages(unsettled.highest(), Number.MAX_SAFE_INTEGER, (page) => {
      for (const { position, createdAt } of page) {
        // Rows from before this process are as old as they say, or each start would wait at every old gap.
        const age = isFirst ? Math.max(0, now - createdAt.getTime()) : 0;
        unsettled.add(position, begunAt - age);
      }
      // Gaps that appeared during this read have not been counted yet.
      unsettled.settle(isFirst ? begunAt - LATE_COMMIT_MILLISECONDS : Number.NEGATIVE_INFINITY);
    });
  }

  async function readLate(begunAt: number): Promise<void> {
    const boundaries = unsettled.boundaries();
    const highest = unsettled.highest();
    const counts = await table.countAbove(boundaries, highest);
    for (const [index, from] of boundaries.entries()) {
      const to = boundaries[index + 1] ?? highest;
      const rowsInDatabase = (counts[index] ?? 0) - (counts[index + 1] ?? 0);
      const rowsKnown = unsettled.countAbove(from) - unsettled.countAbove(to);
      if (rowsInDatabase === rowsKnown) continue;
      const present = new Set<number>();
      await readPages(from, to, (page) => {
        for (const { position } of page) {
          present.add(position);
          unsettled.add(position, begunAt);
        }
      });
      unsettled.retain(from, to, present);
    }
  }

  /** Reads and applies the rows after one position, up to another. */
  async function readPages(
    from: number,
    to: number,
    note: (page: readonly RecordedRevocation[]) => void,
  ): Promise<void> {
    for (let position = from; ; ) {
      const page = await table.list(position, to, PAGE_ROWS);
      revocations.add(page);
      note(page);
      if (page.length > 0) onRead(page, unsettled.settled());
      if (page.length < PAGE_ROWS) return;
      position = page.at(-1)?.position ?? position;
    }
  }

  /** A read that has begun may miss later commits, so a call meanwhile waits for the next one. */
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
      // Logged once: the failures that follow twice a second are the same.
      if (!failing) logger.warn({ err: error, lag_ms: lagMilliseconds() }, 'could not read revocations');
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
