import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { createFeedClient, type FeedPage, FeedRefusal } from './feed-client.ts';
import { createPace } from './pace.ts';
import { callSafely, type Report } from './report.ts';
import type { RevocationSet } from './revocations.ts';

export interface FollowingOptions {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long the service may be unreachable. */
  readonly maxLagSeconds: number;
  readonly revocations: RevocationSet;
  readonly clock: Clock;
  readonly report: Report;
}

/** How well the feed of revocations is followed. */
export interface Following {
  /** Milliseconds since all that was revoked was known here; infinite before the first time. */
  readonly lagMilliseconds: number;
  /** Whether that is more than it may be. */
  readonly isStale: boolean;
  /** Calls `listener` with true when it becomes stale and with false when it no longer is. Returns what ends that. */
  readonly onStale: (listener: (isStale: boolean) => void) => () => void;
}

/** By both clocks, in milliseconds. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const MAX_WAIT_SECONDS = 25;
const FIRST_RETRY_MILLISECONDS = 250;
const MAX_RETRY_MILLISECONDS = 2_000;
/** The configuration has to be changed first, and each attempt is an entry in the audit log of the service. */
const FINAL_RETRY_MILLISECONDS = 60_000;
const MAX_RETRY_AFTER_SECONDS = 60;

/** Keeps a revocation set equal to that of the auth service, by long polls of its feed. */
export function followRevocations(options: FollowingOptions) {
  const { maxLagSeconds, revocations, clock, report } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const client = createFeedClient({ ...options, signal });
  const pace = createPace();
  // An answer that says that there is nothing new comes twice in the time after which the service counts as lost.
  const waitSeconds = Math.max(1, Math.min(MAX_WAIT_SECONDS, Math.floor(maxLagSeconds / 2)));
  const listeners = new Set<(isStale: boolean) => void>();
  const waiters: Waiter[] = [];
  let heardAt: Moment | undefined;
  let wasStale = true;
  let staleTimer: NodeJS.Timeout | undefined;

  const present = (): Moment => ({ monotonic: clock.monotonic(), wall: clock.now() });

  /** A host that was suspended sees it by the wall clock alone. */
  function lagMilliseconds(): number {
    if (heardAt === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(clock.monotonic() - heardAt.monotonic, clock.now() - heardAt.wall);
  }

  const isStale = () => lagMilliseconds() > maxLagSeconds * 1000;

  async function follow(): Promise<void> {
    let cursor: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await pace(signal);
        // After a failure the request asks whether the service is back, so it must not wait for news.
        const sentAt = present();
        const page = await client.read(cursor, failures === 0 ? waitSeconds : 0);
        cursor = page.cursor;
        failures = 0;
        take(page, sentAt);
      } catch (error) {
        if (signal.aborted) return;
        const isGone = error instanceof FeedRefusal && error.meaning === 'cursor_gone';
        if (isGone && cursor !== undefined) cursor = undefined;
        else await recover(error as Error, ++failures);
      }
    }
  }

  /** The age of what is known: that of the service's own knowledge, and the time that the answer was under way. */
  function take(page: FeedPage, sentAt: Moment): void {
    revocations.add(page.revocations);
    if (!page.isComplete) return;
    revocations.prune(page.nowMilliseconds);
    const now = present();
    const heardBy = (clockName: keyof Moment) =>
      Math.min(now[clockName], sentAt[clockName] + page.waitedMilliseconds) - page.lagMilliseconds;
    heardAt = { monotonic: heardBy('monotonic'), wall: heardBy('wall') };
    report.recovered();
    tellOfStaleness();
    if (isStale()) return;
    for (const { resolve } of waiters.splice(0)) resolve();
  }

  /** Waits before the next attempt: a random time, so that followers do not all come back at once. */
  async function recover(error: Error, failures: number): Promise<void> {
    const failure = new Error(`revocations are not followed: ${error.message}`, { cause: error });
    const refusal = error instanceof FeedRefusal ? error : undefined;
    const isFinal = refusal?.meaning === 'final';
    const told = isFinal ? waiters.splice(0) : [];
    for (const { reject } of told) reject(failure);
    if (told.length === 0) report.failed(String(refusal?.status), failure);
    const atMost = isFinal
      ? FINAL_RETRY_MILLISECONDS
      : Math.min(MAX_RETRY_MILLISECONDS, FIRST_RETRY_MILLISECONDS * 2 ** (failures - 1));
    const atLeast = 1000 * Math.min(MAX_RETRY_AFTER_SECONDS, refusal?.retryAfterSeconds ?? 0);
    await sleep(atLeast + Math.random() * atMost, undefined, { signal }).catch(() => {});
  }

  function tellOfStaleness(): void {
    clearTimeout(staleTimer);
    const stale = isStale();
    if (!stale && !signal.aborted) {
      staleTimer = setTimeout(tellOfStaleness, maxLagSeconds * 1000 - lagMilliseconds() + 1).unref();
    }
    if (stale === wasStale) return;
    wasStale = stale;
    for (const listener of listeners) callSafely(listener, stale);
  }

  const following: Following = {
    get lagMilliseconds() {
      return lagMilliseconds();
    },
    get isStale() {
      return isStale();
    },
    onStale(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const ended = follow();

  return {
    following,
    /** Resolves once all present revocations are known; rejects where the service refuses them. */
    ready(): Promise<void> {
      if (signal.aborted) return Promise.reject(closed());
      if (!isStale()) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
    },
    async close(): Promise<void> {
      closing.abort();
      clearTimeout(staleTimer);
      for (const { reject } of waiters.splice(0)) reject(closed());
      await ended;
    },
  };
}

function closed(): Error {
  return new Error('the verifier was closed');
}
