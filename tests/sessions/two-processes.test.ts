import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { useTwoProcesses } from '../support/two-processes.ts';

const REFRESH_ROUNDS = times(5, 20);
const PARALLEL_REFRESHES = 50;
const LOGOUTS = times(20, 100);
const LOGOUTS_AT_ONCE = 10;
/** A thousand requests take their time on a busy machine. */
const LONG_TEST_MILLISECONDS = 180_000;
const REVOCATION_BOUND_MILLISECONDS = 1_000;

onEachDatabase((kind) => {
  describe('Two processes that share a database', () => {
    const servers = useTwoProcesses(kind, { REFRESH_REUSE_GRACE_SECONDS: '0' });

    it(
      'give 50 parallel refreshes with one token one and the same successor, time after time',
      async () => {
        let { refreshToken } = await servers.signUp();

        for (let round = 1; round <= REFRESH_ROUNDS; round++) {
          const body = { refresh_token: refreshToken };
          const answers = await Promise.all(
            Array.from({ length: PARALLEL_REFRESHES }, (_, index) =>
              servers.send(index, 'POST', '/refresh', { body }),
            ),
          );

          expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
          const successors = new Set(answers.map(({ body: { refresh_token } }) => String(refresh_token)));
          expect(successors.size).toBe(1);
          [refreshToken = ''] = successors;
          // The counter stands in the token: every round moved it by one, so there was never a second branch.
          expect(refreshToken.split('.')[1]).toBe(String(round));
        }
      },
      LONG_TEST_MILLISECONDS,
    );

    it(
      'end a session in the one within a second after a logout at the other (prints the measured lag)',
      async () => {
        const lags: number[] = [];
        for (let done = 0; done < LOGOUTS; done += LOGOUTS_AT_ONCE) {
          lags.push(...(await Promise.all(Array.from({ length: LOGOUTS_AT_ONCE }, measureLag))));
        }

        lags.sort((a, b) => a - b);
        const [median = Number.NaN, p99 = Number.NaN] = [
          lags[LOGOUTS / 2],
          lags[Math.floor(LOGOUTS * 0.99) - 1],
        ];
        console.log(
          `revocation lag on ${kind}: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms of ${LOGOUTS}`,
        );
        expect(median).toBeLessThan(REVOCATION_BOUND_MILLISECONDS);
      },
      LONG_TEST_MILLISECONDS,
    );

    it('refuse in both the access tokens of a session whose refresh token was used twice', async () => {
      const { accessToken, refreshToken } = await servers.signUp();
      const first = await servers.send(0, 'POST', '/refresh', { body: { refresh_token: refreshToken } });
      await servers.send(1, 'POST', '/refresh', { body: { refresh_token: first.body.refresh_token } });

      const reused = await servers.send(0, 'POST', '/refresh', { body: { refresh_token: refreshToken } });

      expect(reused).toMatchObject({ status: 401, body: { code: 'refresh_token_reused' } });
      expect(await servers.send(0, 'GET', '/verify', { token: accessToken })).toMatchObject({ status: 401 });
      await untilRefused(accessToken);
    });

    /** Milliseconds from the 204 of a logout at one process to the first refusal at the other. */
    async function measureLag(): Promise<number> {
      const { accessToken } = await servers.signUp();
      expect(await servers.send(1, 'GET', '/verify', { token: accessToken })).toMatchObject({ status: 200 });
      expect(await servers.send(0, 'POST', '/logout', { token: accessToken })).toMatchObject({ status: 204 });
      const loggedOutAt = performance.now();
      await untilRefused(accessToken);
      return performance.now() - loggedOutAt;
    }

    /** Asks the second process until it says no; the test's own time limit ends it if it never does. */
    async function untilRefused(token: string): Promise<void> {
      for (;;) {
        const { status, body } = await servers.send(1, 'GET', '/verify', { token });
        if (status === 200) continue;
        expect(body.code).toBe('token_revoked');
        return;
      }
    }
  });
});
