import type { Clock } from '../clock.ts';
import { BoundedMap } from '../values/bounded-map.ts';

export interface KnownWait {
  readonly recentFailures: number;
  readonly until: number;
  /** When the database has to be consulted again, though the wait may last longer. */
  readonly believedUntil: number;
}

/** The keys that this process knows have to wait, so that their attempts are refused without querying the database. */
export interface KnownWaits {
  readonly remember: (key: string, wait: KnownWait) => void;
  /** Undefined where nothing is known, which does not say that there is nothing to wait for. */
  readonly find: (
    key: string,
  ) => { readonly recentFailures: number; readonly milliseconds: number } | undefined;
}

/** A few hundred bytes each. */
const MAX_KNOWN = 20_000;

export function createKnownWaits(clock: Clock): KnownWaits {
  const waits = new BoundedMap<string, KnownWait>(MAX_KNOWN);

  return {
    remember(key, wait) {
      waits.set(key, wait);
    },
    find(key) {
      const wait = waits.get(key);
      if (wait === undefined) return undefined;
      const now = clock.now();
      if (now < wait.believedUntil) {
        return { recentFailures: wait.recentFailures, milliseconds: wait.until - now };
      }
      waits.delete(key);
      return undefined;
    },
  };
}
