import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { aPerson, signUp } from '../support/people.ts';
import { quotasOf } from '../support/quotas.ts';
import { statusCounts } from './requests.ts';

const AT_ONCE = 50;

describe('RATE_LIMITS=off', () => {
  // As tight as can be, so that the least that is counted shows.
  const app = useApp('SQLite', {
    RATE_LIMITS: 'off',
    RATE_LIMIT_SIGNUP_IP: '1/86400',
    RATE_LIMIT_LOGIN_IP: '1/86400',
    RATE_LIMIT_REFRESH_SESSION: '1/86400',
    RATE_LIMIT_TOKEN: '1/86400',
    LOGIN_FREE_FAILURES: '1',
    LOGIN_MAX_FAILURES: '1',
    // Fifty at once on a busy machine are many; those of the queue say how many are too many.
    HASH_MAX_WAIT_MS: '60000',
  });

  /** Sends the same request again and again, some at once, and requires that no answer tells of a limit. */
  async function expectUnlimited(times: number, send: () => ReturnType<TestApp['get']>, status: number) {
    for (let sent = 0; sent < times; sent += AT_ONCE) {
      const answers = await Promise.all(Array.from({ length: Math.min(AT_ONCE, times) }, send));
      expect(statusCounts(answers)).toEqual({ [status]: answers.length });
      expect(answers.flatMap((answer) => quotasOf(answer))).toEqual([]);
    }
  }

  it('lets hundreds of requests with one token pass, and no answer tells of a limit', async () => {
    const { token } = await signUp(app);

    await expectUnlimited(500, () => app.get('/verify').auth(token, { type: 'bearer' }), 200);
  });

  it('lets one address sign up again and again', async () => {
    await expectUnlimited(AT_ONCE, () => app.post('/signup').send(aPerson()), 201);
  });

  it('lets one session refresh again and again', async () => {
    const { refreshToken } = await signUp(app);

    for (let count = 0; count < 5; count++) {
      const send = () => app.post('/refresh').send({ refresh_token: refreshToken });
      await expectUnlimited(1, send, 200);
    }
  });

  it('lets one address guess again and again, and takes the right password afterwards', async () => {
    const { email, password } = await signUp(app);
    const wrong = () => app.post('/login').send({ email, password: 'canary in the wrong mine' });

    await expectUnlimited(2 * AT_ONCE, wrong, 401);

    await expectUnlimited(1, () => app.post('/login').send({ email, password }), 200);
  });
});
