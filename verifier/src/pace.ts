import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';

const BURST = 20;
const PER_SECOND = 4;

/**
 * Makes a function that resolves when the next request may leave: at once while requests are few, four times a second
 * where one follows another. That is far below what one token is allowed, and what is revoked meanwhile comes together.
 * It rejects once `signal` is aborted.
 */
export function createPace({ monotonic }: Pick<Clock, 'monotonic'>): (signal: AbortSignal) => Promise<void> {
  let allowed = BURST;
  let countedAt = monotonic();
  return async (signal) => {
    const now = monotonic();
    allowed = Math.min(BURST, allowed + ((now - countedAt) / 1000) * PER_SECOND) - 1;
    countedAt = now;
    if (allowed < 0) await sleep((-allowed / PER_SECOND) * 1000, undefined, { signal });
  };
}
