import { randomInt } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { type Database, withDeadline } from './connect.ts';
import { integer, primaryKey, table, time } from './table.ts';

export const WRITE_PROBES = table('write_probes', {
  slot: primaryKey(integer()),
  writtenAt: time(),
});

const FRESH_MILLISECONDS = 1_000;
/** Processes that write to rows of their own do not wait for each other, nor conflict on a cluster. */
const SLOTS = 1_000;

/** Rejects where the database takes no writes, or has not taken one within the given number of milliseconds. */
export type WriteProbe = (withinMilliseconds: number) => Promise<void>;

/**
 * Tries whether the database takes writes, by one small row. A success is believed for a second, and a caller that
 * asks during one waits for it up to its own limit: there is never more than one, however many ask.
 */
export function createWriteProbe({ open, write }: Database, clock: Clock): WriteProbe {
  const slot = randomInt(SLOTS);
  let takenAt = Number.NEGATIVE_INFINITY;
  let writing: Promise<void> | undefined;

  async function put(): Promise<void> {
    await write(() => open(WRITE_PROBES).upsert({ slot, writtenAt: new Date(clock.now()) }));
    takenAt = clock.monotonic();
  }

  return async (withinMilliseconds) => {
    if (clock.monotonic() - takenAt < FRESH_MILLISECONDS) return;
    writing ??= put().finally(() => {
      writing = undefined;
    });
    await withDeadline(writing, withinMilliseconds);
  };
}
