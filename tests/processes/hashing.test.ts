import { describe, expect, it } from '@jest/globals';
import { aPerson } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import { send, useSeveralProcesses } from '../support/several-processes.ts';

const METRICS_TOKEN = 'a-token-that-reads-the-metrics';
const startSeveral = useSeveralProcesses();

describe('HASH_WORKERS', () => {
  it('is divided between the processes, so that all of them together hash no more passwords at once', async () => {
    const server = await startSeveral({
      METRICS_TOKEN,
      BCRYPT_COST: '10',
      HASH_WORKERS: '2',
      HASH_MAX_WAIT_MS: '60000',
      LOGIN_FREE_FAILURES: '100',
    });
    const { email, password } = aPerson();
    const login = () => send(`${server.url}/login`, { method: 'POST', body: { email, password } });
    let areOver = false;
    const logins = Promise.all(Array.from({ length: 24 }, login)).finally(() => {
      areOver = true;
    });

    const running: number[] = [];
    while (!areOver) {
      const { text } = await send(`${server.url}/metrics`, { token: METRICS_TOKEN });
      running.push(sumOf(text, 'latchkey_hash_running'));
    }
    const statuses = (await logins).map(({ status }) => status);

    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(Math.max(...running)).toBe(2);
    expect(await server.stop()).toBe(0);
  });
});
