import { describe, expect, it } from '@jest/globals';
import { createHttpServer, listen } from '../../src/http/listen.ts';
import { createRefusalBudget } from '../../src/http/refusal-budget.ts';
import { closeAfter } from '../../src/http/when-over.ts';

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
        budget.pace(network, { send: () => fates.push('sent'), makeLast: () => fates.push('last') });
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

  it('makes the answer the last one of its connection where one network has too many held back, and still holds those of others', () => {
    const { refuse, fates, budget, count } = aBudget();

    refuse(50 + 500 + 7);
    refuse(1, 'b');

    expect(fates.filter((fate) => fate === 'last')).toHaveLength(7);
    expect(fates).toHaveLength(50 + 2 * 7);
    expect([budget.held(), count('closed')]).toEqual([501, 7]);
    budget.release();
  });

  it('answers before it has a connection closed, which balancers take for no failure', async () => {
    const { refuse, budget } = aBudget();
    const server = createHttpServer(
      (_req, res) => {
        refuse(50 + 500);
        const send = () => void res.writeHead(429, ['Content-Type', 'text/plain']).end('no');
        budget.pace('a', { send, makeLast: () => closeAfter(res) });
      },
      { publicUrl: 'https://auth.example.com', keepAliveSeconds: 65 },
    );
    const { port } = await listen(server, 0, '127.0.0.1');

    const answer = await fetch(`http://127.0.0.1:${port}`);

    expect([answer.status, answer.headers.get('Connection'), await answer.text()]).toEqual([
      429,
      'close',
      'no',
    ]);
    budget.release();
    await new Promise((resolve) => server.close(resolve));
  });

  it('holds back no more than two thousand, of all clients together', () => {
    const { refuse, budget, count } = aBudget();

    refuse(50);
    for (let network = 0; network < 2_100; network++) refuse(1, `network ${network}`);

    expect([budget.held(), count('closed')]).toEqual([2_000, 100]);
    budget.release();
  });

  it('sends what it has held back by itself, a little at a time', async () => {
    const { budget, refuse, fates } = aBudget();
    refuse(50 + 10);

    await new Promise<void>((send) => budget.pace('b', { send, makeLast: () => {} }));

    expect(fates).toHaveLength(60);
    expect(budget.held()).toBe(0);
  });
});
