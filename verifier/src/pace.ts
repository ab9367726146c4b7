import { setTimeout as sleep } from 'node:timers/promises';

const BURST = 20;
const PER_SECOND = 8;

/**
 * Makes a function that resolves when the next request may leave: immediately while requests are few, eight times a
 * second where one follows another. That is below the 600 a minute that one token is allowed. It rejects once `signal`
 * is aborted.
 */
export function createPace(): (signal: AbortSignal) => Promise<void> {
  let allowed = BURST;
  let countedAt = performance.now();
  return async (signal) => {
    const now = performance.now();
    allowed = Math.min(BURST, allowed + ((now - countedAt) / 1000) * PER_SECOND) - 1;
    countedAt = now;
    if (allowed < 0) await sleep((-allowed / PER_SECOND) * 1000, undefined, { signal });
  };
}
