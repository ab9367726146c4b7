import { describe, expect, it } from '@jest/globals';
import { createRefusalBudget } from '../../src/http/refusal-budget.ts';

/** A budget in which time stands still, so that the fifty refusals that go at once are all there are. */
function aBudget() {
  const paced: string[] = [];
  const fates: string[] = [];
  const budget = createRefusalBudget({ monotonic: () => 0, onPaced: (pace) => paced.push(pace) });
  return {
    budget,
    fates,
    refuse(times: number, network = 'a') {
      for (let time = 0; time < times; time++) {
        budget.pace(network, { send: () => fates.push('sent'), close: () => fates.push('closed') });
      }
    },
    count: (pace: string) => paced.filter((one) => one === pace).length,
  };
}

describe('a budget of refusals', () => {
  it('sends few at once', () => {
    const { refuse, fates, budget } = aBudget();

    refuse(50);

    expect(fates).toEqual(Array(50).fill('sent'));
    expect(budget.held()).toBe(0);
  });

  it('holds back what is more, and sends it when it is told to', () => {
    const { refuse, fates, budget, count } = aBudget();

    refuse(60);
    expect(fates).toHaveLength(50);
    expect([budget.held(), count('held')]).toEqual([10, 10]);
    budget.release();

    expect(fates).toEqual(Array(60).fill('sent'));
    expect(budget.held()).toBe(0);
  });

  it('closes the connection where one network has too many held back, and still holds those of others', () => {
    const { refuse, fates, budget, count } = aBudget();

    refuse(50 + 500 + 7);
    refuse(1, 'b');

    expect(fates.filter((fate) => fate === 'closed')).toHaveLength(7);
    expect([budget.held(), count('closed')]).toEqual([501, 7]);
    budget.release();
  });

  it('holds back no more than two thousand, whoever they are for', () => {
    const { refuse, budget, count } = aBudget();

    refuse(50);
    for (let network = 0; network < 2_100; network++) refuse(1, `network ${network}`);

    expect([budget.held(), count('closed')]).toEqual([2_000, 100]);
    budget.release();
  });

  it('sends what it has held back by itself, a little at a time', async () => {
    const { budget, refuse, fates } = aBudget();
    refuse(50 + 10);

    await new Promise<void>((send) => budget.pace('b', { send, close: () => {} }));

    expect(fates).toHaveLength(60);
    expect(budget.held()).toBe(0);
  });
});
