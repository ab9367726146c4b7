import { jest } from '@jest/globals';
import type { TestApp } from './app.ts';

/** Where supertest's requests come from. */
const CLIENT = '127.0.0.1';
const DEVICE = 'another device';

/** One thread, in which a hash is expected to take 51 ms, and none waits longer than 100 ms: two places. */
export const TWO_MAY_WAIT = { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '100', BCRYPT_COST: '10' };

/** Has all places of the hash queue taken while `doing` runs, those of known devices as well. */
export async function whileBusy<Result>(
  { hashWorkers }: TestApp,
  doing: () => Promise<Result>,
): Promise<Result> {
  const places: { leave: () => void }[] = [];
  while (hashWorkers.hasRoom(CLIENT)) places.push(hashWorkers.reserve(CLIENT));
  while (hashWorkers.hasRoom(CLIENT, DEVICE)) places.push(hashWorkers.reserve(CLIENT, DEVICE));
  try {
    return await doing();
  } finally {
    for (const place of places) place.leave();
  }
}

/** One thread, in which a hash is expected to take a millisecond, and none waits longer than a fifth of a second. */
export const LITTLE_TIME_TO_WAIT = { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '200', BCRYPT_COST: '4' };
/** At least twice as much work. */
const LONG_COST = 13;

/** Has the thread busy for longer than LITTLE_TIME_TO_WAIT once the next password has been compared. */
export function keepBusyAfterNextCompare({ hashWorkers }: TestApp): {
  readonly over: () => Promise<unknown>;
} {
  const { compare, hash } = hashWorkers;
  let work: Promise<unknown> = Promise.resolve();
  const spy = jest.spyOn(hashWorkers, 'compare').mockImplementationOnce((client, task) => {
    const result = compare(client, task);
    work = hash(CLIENT, { kind: 'hash', text: 'busy', cost: LONG_COST });
    return result;
  });
  return {
    over: () => {
      spy.mockRestore();
      return work;
    },
  };
}

/** One thread, in which a hash is expected to take a millisecond: some thousands may wait. */
export const THOUSANDS_MAY_WAIT = { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '2000', BCRYPT_COST: '4' };
const THOUSANDS = 2_500;
/** A hash of this cost takes so long that afterwards the queue takes a hundred or two. */
const SURPRISING_COST = 11;

/**
 * Fills the queue while the next password is compared, behind a hash that takes far longer than any before. The app has
 * the settings THOUSANDS_MAY_WAIT. The result resolves once the queue is empty again.
 */
export function fillOnNextCompare({ hashWorkers }: TestApp): { readonly emptied: () => Promise<unknown> } {
  const { compare, hash } = hashWorkers;
  let over: Promise<unknown> = Promise.resolve();
  const spy = jest.spyOn(hashWorkers, 'compare').mockImplementationOnce((client, task) => {
    const surprise = hash(CLIENT, { kind: 'hash', text: 'surprise', cost: SURPRISING_COST });
    const result = compare(client, task);
    const filler = { kind: 'hash', text: 'filler', cost: 4 } as const;
    const fillers = Array.from({ length: THOUSANDS }, () => hash(CLIENT, filler));
    over = Promise.allSettled([surprise, ...fillers]);
    return result;
  });
  return {
    emptied: () => {
      spy.mockRestore();
      return over;
    },
  };
}
