import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { useTwoProcesses } from '../support/two-processes.ts';

const ROUNDS = 10;
const BOUND_MILLISECONDS = 1_000;

onEachDatabase((kind) => {
  describe('Two processes that share a database', () => {
    const servers = useTwoProcesses(kind);

    it('both take a key, and a deletion in the one reaches the other within a second (prints the lag)', async () => {
      const { accessToken } = await servers.signUp();
      const lags = await Promise.all(Array.from({ length: ROUNDS }, () => measureLag(accessToken)));

      lags.sort((a, b) => a - b);
      const median = lags[ROUNDS / 2] ?? Number.NaN;
      console.log(
        `lag of a deleted key on ${kind}: median ${median.toFixed(0)} ms, worst ${lags.at(-1)?.toFixed(0)} ms`,
      );
      expect(median).toBeLessThan(BOUND_MILLISECONDS);
    });

    /** Milliseconds from the 204 of a deletion at one process to the first refusal at the other. */
    async function measureLag(token: string): Promise<number> {
      const { body } = await servers.send(0, 'POST', '/api-keys', { token, body: { name: 'k' } });
      const key = String(body.key);
      for (const index of [0, 1]) {
        expect(await servers.send(index, 'GET', '/verify', { token: key })).toMatchObject({ status: 200 });
      }
      expect(await servers.send(0, 'DELETE', `/api-keys/${body.id}`, { token })).toMatchObject({
        status: 204,
      });
      const deletedAt = performance.now();
      expect(await servers.send(0, 'GET', '/verify', { token: key })).toMatchObject({ status: 401 });
      for (;;) {
        const answer = await servers.send(1, 'GET', '/verify', { token: key });
        if (answer.status === 200) continue;
        expect(answer.body.code).toBe('token_revoked');
        return performance.now() - deletedAt;
      }
    }
  });
});
