import { jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import type { Turn } from '../../src/core/passwords/fair-queue.ts';
import work, { type CompareTask, type HashTask } from '../../src/core/passwords/hash-worker.js';

/** What the hash workers do, done synchronously in this process, for tests of what they are asked to do. */
export const hashHere = {
  hash: async (_turn: Turn, task: HashTask) => String(work(task)),
  compare: async (_turn: Turn, task: CompareTask) => work(task) === true,
  reserve: () => ({ leave: () => {} }),
};

/** Rounds of bcrypt that `doing` makes in this process: 2^cost a call. bcrypt itself runs as ever. */
export async function roundsOf(doing: () => Promise<unknown> | unknown): Promise<number> {
  const hash = jest.spyOn(bcrypt, 'hashSync');
  const compare = jest.spyOn(bcrypt, 'compareSync');
  await doing();
  const costs = [
    ...hash.mock.calls.map(([, cost]) => Number(cost)),
    ...compare.mock.calls.map(([, stored]) => bcrypt.getRounds(String(stored))),
  ];
  hash.mockRestore();
  compare.mockRestore();
  return costs.reduce((rounds, cost) => rounds + 2 ** cost, 0);
}
