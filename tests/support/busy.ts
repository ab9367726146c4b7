import { jest } from '@jest/globals';
import type { TestApp } from './app.ts';

/** Where supertest's requests come from. */
const CLIENT = '127.0.0.1';

/** One thread, in which a hash is expected to take 51 ms, and none waits longer than 100 ms: two places. */
export const TWO_MAY_WAIT = { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '100', BCRYPT_COST: '10' };
/** A second and more of work, which is far more than it takes to refuse what a test sends. */
const LONG_COST = 14;

/** Has the hash threads busy and their queue full while `doing` runs. The app has the settings TWO_MAY_WAIT. */
export async function whileBusy<Result>(
  { hashWorkers }: TestApp,
  doing: () => Promise<Result>,
): Promise<Result> {
  const jobs = [1, 2, 3].map(() => hashWorkers.hash(CLIENT, { kind: 'hash', text: 'busy', cost: LONG_COST }));
  const over = Promise.allSettled(jobs);
  try {
    return await doing();
  } finally {
    // The others have waited too long by then.
    await over;
  }
}

/** One thread, in which a hash is expected to take a millisecond, and none waits longer than half a second. */
export const HALF_A_SECOND_TO_WAIT = { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '500', BCRYPT_COST: '4' };
/** A second and a half of work. */
const ENDLESS_COST = 15;

/** Has the thread busy for longer than HALF_A_SECOND_TO_WAIT once the next password has been compared. */
export function keepBusyAfterNextCompare({ hashWorkers }: TestApp): {
  readonly over: () => Promise<unknown>;
} {
  const { compare, hash } = hashWorkers;
  let work: Promise<unknown> = Promise.resolve();
  const spy = jest.spyOn(hashWorkers, 'compare').mockImplementationOnce((client, task) => {
    const result = compare(client, task);
    work = hash(CLIENT, { kind: 'hash', text: 'busy', cost: ENDLESS_COST });
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
