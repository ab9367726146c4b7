import { describe, expect, it } from '@jest/globals';
import { createKeyedTurns } from '../../src/core/sign-in/keyed-turns.ts';

const FATAL = new Error('the database is away');

/** Work that ends when the test says so. */
function heldWork() {
  let fail: (error: Error) => void = () => {};
  const ended = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  return { work: () => ended, fail };
}

describe('Work that takes turns by key', () => {
  it('fails with what ended the one before where that is fatal, instead of each being tried', async () => {
    const inTurn = createKeyedTurns((error) => error === FATAL);
    const { work, fail } = heldWork();
    const tried: number[] = [];

    const results = Promise.allSettled([
      inTurn('a', work),
      ...[1, 2, 3].map((number) => inTurn('a', async () => tried.push(number))),
    ]);
    const elsewhere = await inTurn('b', async () => 'another key');
    fail(FATAL);

    expect(await results).toEqual(Array(4).fill({ status: 'rejected', reason: FATAL }));
    expect(tried).toEqual([]);
    expect(elsewhere).toBe('another key');
    expect(await inTurn('a', async () => 'afterwards')).toBe('afterwards');
  });

  it('goes on after any other failure', async () => {
    const inTurn = createKeyedTurns((error) => error === FATAL);
    const { work, fail } = heldWork();

    const first = inTurn('a', work).catch(({ message }) => message);
    const second = inTurn('a', async () => 'second');
    fail(new Error('refused'));

    expect(await first).toBe('refused');
    expect(await second).toBe('second');
  });
});
