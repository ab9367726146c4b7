import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { createFeedClient, type FeedPage, FeedRefusal } from './feed-client.ts';
import { createPace } from './pace.ts';
import type { Report } from './report.ts';
import type { RevocationSet } from './revocations.ts';

export interface FollowingOptions {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** So long ago the service may have been heard of last. */
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

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const MAX_WAIT_SECONDS = 25;
const FIRST_RETRY_MILLISECONDS = 250;
const MAX_RETRY_MILLISECONDS = 2_000;

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
  let heardAt: { readonly monotonic: number; readonly wall: number } | undefined;
  let wasStale = true;
  let staleTimer: NodeJS.Timeout | undefined;

  /** A machine that was suspended sees it by the wall clock alone. */
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
        // After a failure the question is whether the service is back, and that is not to wait for.
        const page = await client.read(cursor, failures === 0 ? waitSeconds : 0);
        cursor = page.cursor;
        failures = 0;
        take(page);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof FeedRefusal && error.isGone) cursor = undefined;
        else await recover(error as Error, ++failures);
      }
    }
  }

  function take({ revocations: revoked, isComplete, lagMilliseconds: lag, nowMilliseconds }: FeedPage): void {
    revocations.add(revoked);
    if (!isComplete) return;
    revocations.prune(nowMilliseconds);
    heardAt = { monotonic: clock.monotonic() - lag, wall: clock.now() - lag };
    report.recovered();
    tellOfStaleness();
    for (const { resolve } of waiters.splice(0)) resolve();
  }

  /** Waits before the next try: a random time, so that followers do not all come back at once. */
  async function recover(error: Error, failures: number): Promise<void> {
    const failure = new Error(`revocations are not followed: ${error.message}`, { cause: error });
    const isFinal = error instanceof FeedRefusal && error.isFinal;
    const told = isFinal ? waiters.splice(0) : [];
    for (const { reject } of told) reject(failure);
    if (told.length === 0) report.failed(failure);
    const atMost = Math.min(MAX_RETRY_MILLISECONDS, FIRST_RETRY_MILLISECONDS * 2 ** (failures - 1));
    await sleep(Math.random() * atMost, undefined, { signal }).catch(() => {});
  }

  function tellOfStaleness(): void {
    clearTimeout(staleTimer);
    const stale = isStale();
    if (!stale && !signal.aborted) {
      staleTimer = setTimeout(tellOfStaleness, maxLagSeconds * 1000 - lagMilliseconds() + 1).unref();
    }
    if (stale === wasStale) return;
    wasStale = stale;
    for (const listener of listeners) listener(stale);
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
    /** Resolves once all that has been revoked is known; rejects where the service refuses to tell. */
    ready(): Promise<void> {
      if (!isStale()) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
    },
    async close(): Promise<void> {
      closing.abort();
      clearTimeout(staleTimer);
      for (const { reject } of waiters.splice(0)) reject(new Error('the verifier was closed'));
      await ended;
    },
  };
}
