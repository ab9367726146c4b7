import { describe, expect, it } from '@jest/globals';
import { createTurns } from '../../src/db/turns.ts';

const FATAL = new Error('the database is away');
const isFatal = (error: unknown) => error === FATAL;

/** A promise that the test settles when it likes. */
function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('Work that takes turns', () => {
  it('runs one after another in the order in which it came, however long each takes', async () => {
    const inTurn = createTurns(isFatal);
    const events: string[] = [];
    const first = gate();

    const results = [
      inTurn(async () => {
        events.push('1 begins');
        await first.opened;
        events.push('1 ends');
        return 'one';
      }),
      inTurn(async () => {
        events.push('2 begins');
        return 'two';
      }),
      inTurn(async () => {
        events.push('3 begins');
        return 'three';
      }),
    ];
    first.open();

    expect(await Promise.all(results)).toEqual(['one', 'two', 'three']);
    expect(events).toEqual(['1 begins', '1 ends', '2 begins', '3 begins']);
  });

  it('goes on after work that failed, whose error reaches its caller alone', async () => {
    const inTurn = createTurns(isFatal);

    const results = await Promise.allSettled([
      inTurn(async () => {
        throw new Error('no');
      }),
      inTurn(async () => 'yes'),
    ]);

    expect(results).toEqual([
      { status: 'rejected', reason: new Error('no') },
      { status: 'fulfilled', value: 'yes' },
    ]);
  });

  it('fails for all that wait where none could succeed, without trying each', async () => {
    const inTurn = createTurns(isFatal);
    let tries = 0;
    const attempt = async () => {
      tries++;
      throw FATAL;
    };

    const results = await Promise.allSettled([inTurn(attempt), inTurn(attempt), inTurn(attempt)]);

    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual(
      Array(3).fill(FATAL),
    );
    expect(tries).toBe(1);
  });

  it('is tried again for work that comes after such a failure', async () => {
    const inTurn = createTurns(isFatal);
    await expect(inTurn(() => Promise.reject(FATAL))).rejects.toBe(FATAL);

    expect(await inTurn(async () => 'back')).toBe('back');
    await expect(inTurn(() => Promise.reject(FATAL))).rejects.toBe(FATAL);
    expect(await inTurn(async () => 'back again')).toBe('back again');
  });

  it('takes work that throws at once for work that failed', async () => {
    const inTurn = createTurns(isFatal);

    await expect(
      inTurn(() => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    expect(await inTurn(async () => 1)).toBe(1);
  });

  it('never runs two at a time, thousands of them', async () => {
    const inTurn = createTurns(isFatal);
    let running = 0;
    let most = 0;

    await Promise.all(
      Array.from({ length: 5000 }, () =>
        inTurn(async () => {
          most = Math.max(most, ++running);
          await Promise.resolve();
          running--;
        }),
      ),
    );

    expect(most).toBe(1);
  });
});
