/** The source of time, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: () => number;
  /** Milliseconds since some moment: for durations, since this clock is never set back or forward. */
  readonly monotonic: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A clock that goes by the database's, so that times which several processes compare are times of one clock. */
export interface SharedClock extends Clock {
  /** Asks the database what time it is. Rejects where it does not answer. */
  readonly compare: () => Promise<void>;
  /** How far the clock of this host is ahead of the database's; negative where it is behind. */
  readonly offsetMilliseconds: () => number;
}

/**
 * Between two comparisons time passes as on the monotonic clock of `own`, so that setting the host's clock changes
 * nothing here. Without `readTime` the database is on this host, and `own` is its clock.
 */
export function createSharedClock(own: Clock, readTime: (() => Promise<number>) | undefined): SharedClock {
  if (readTime === undefined) return { ...own, compare: async () => {}, offsetMilliseconds: () => 0 };
  /** How far the database's clock is ahead of the monotonic one. */
  let ahead: number | undefined;

  const now = () => (ahead === undefined ? own.now() : Math.round(own.monotonic() + ahead));

  /**
   * The database answered at some moment of the round trip: every value that this allows is equally possible, and the
   * current one is kept where it is among them.
   */
  async function compare(): Promise<void> {
    const askedAt = own.monotonic();
    const answer = await readTime?.();
    if (answer === undefined) return;
    const [least, most] = [answer - own.monotonic(), answer - askedAt];
    ahead = ahead === undefined ? (least + most) / 2 : Math.min(most, Math.max(least, ahead));
  }

  return { now, monotonic: own.monotonic, compare, offsetMilliseconds: () => own.now() - now() };
}

/** A process whose host's clock is further off than this takes no traffic. */
const MAX_OFFSET_MILLISECONDS = 5_000;

/** Whether the host's clock is so far from the database's that the process should take no traffic. */
export function isClockOff({ offsetMilliseconds }: Pick<SharedClock, 'offsetMilliseconds'>): boolean {
  return Math.abs(offsetMilliseconds()) > MAX_OFFSET_MILLISECONDS;
}
