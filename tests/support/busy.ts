import { beforeAll, jest } from '@jest/globals';
import type { TestApp } from './app.ts';
import { eventually } from './several-processes.ts';

/** Where supertest's requests come from. */
const CLIENT = '127.0.0.1';
const DEVICE = 'another device';

/** A thread that starts takes longer than some of these hashes may, on a machine that is busy with other tests. */
export function useWarmThreads(app: TestApp): void {
  beforeAll(() => app.hashWorkers.warm());
}

const ONE_THREAD = { HASH_WORKERS: '1' };

/** A hash is expected to take 26 ms, and has to be done within a second and a half: 57 places. */
export const FEW_MAY_WAIT = { ...ONE_THREAD, HASH_MAX_WAIT_MS: '1500', BCRYPT_COST: '9' };
/** More than can be done in time. */
export const TOO_MANY = 100;

/** Has all places of the hash queue taken while `doing` runs, those of known devices as well. */
export async function whileBusy<Result>(
  { hashWorkers }: TestApp,
  doing: () => Promise<Result>,
): Promise<Result> {
  const places: { leave: () => void }[] = [];
  // What still runs changes how many places there are once it ends.
  while (hashWorkers.running() > 0) await new Promise(setImmediate);
  while (hashWorkers.hasRoom(CLIENT)) places.push(hashWorkers.reserve(CLIENT));
  const device = () => `${DEVICE} ${places.length}`;
  while (hashWorkers.hasRoom(CLIENT, device())) places.push(hashWorkers.reserve(CLIENT, device()));
  try {
    return await doing();
  } finally {
    for (const place of places) place.leave();
  }
}

/** A hash is expected to take a millisecond, and has to be done within a second. */
export const LITTLE_TIME_TO_WAIT = { ...ONE_THREAD, HASH_MAX_WAIT_MS: '1000', BCRYPT_COST: '4' };
/** More work than fits into that time. */
export const LONG_COST = 15;

/** Resolves once no hash runs, also none whose time is over; a long one takes its time beside other tests. */
export function untilIdle({ hashWorkers }: Pick<TestApp, 'hashWorkers'>): Promise<number> {
  return eventually(hashWorkers.running, (running) => running === 0, 90_000);
}

/** Has the thread busy for longer than LITTLE_TIME_TO_WAIT once the next password has been compared. */
export function keepBusyAfterNextCompare({ hashWorkers }: TestApp): {
  readonly over: () => Promise<unknown>;
} {
  const { compare, hash } = hashWorkers;
  const spy = jest.spyOn(hashWorkers, 'compare').mockImplementationOnce((client, task) => {
    const result = compare(client, task);
    // Late itself; it is the thread that counts.
    hash(CLIENT, { kind: 'hash', text: 'busy', cost: LONG_COST }).catch(() => {});
    return result;
  });
  return {
    over: () => {
      spy.mockRestore();
      return untilIdle({ hashWorkers });
    },
  };
}

/** A hash is expected to take a millisecond: some thousands may wait. */
export const THOUSANDS_MAY_WAIT = { ...ONE_THREAD, HASH_MAX_WAIT_MS: '2000', BCRYPT_COST: '4' };
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
