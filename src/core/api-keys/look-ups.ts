import { AppError } from '../errors.ts';

/** Fewer than the pool has connections, so that a flood of made-up keys leaves some to everything else. */
const MAX_AT_ONCE = 4;
/** A database that answers handles this many before a client gives up. */
const MAX_WAITING = 200;

/** Runs look-ups, a few at a time. */
export type LookUpLimit = <Result>(look: () => Promise<Result>) => Promise<Result>;

/** Bounds what keys that this process has never seen cost the database, however many come. */
export function createLookUpLimit(): LookUpLimit {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (look) => {
    if (running < MAX_AT_ONCE) running++;
    else if (waiting.length < MAX_WAITING) await new Promise<void>((resolve) => waiting.push(resolve));
    else throw new AppError('database_unavailable', 'Too many unknown API keys are being looked up.');
    try {
      return await look();
    } finally {
      // The place goes to the one that has waited longest, or is free.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
