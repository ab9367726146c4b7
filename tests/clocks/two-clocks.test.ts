import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createTestClock, startApp, type TestApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';

const HOUR = 3600;
const METRICS_TOKEN = 'a-token-that-reads-the-metrics';
const OFF = 'host and database clocks differ too much: not ready';

onEachDatabase((kind) => {
  describe.each([
    ['ahead', HOUR],
    ['behind', -HOUR],
  ])('Of two replicas one has a clock that is an hour %s:', (_where, aheadSeconds) => {
    let right: TestApp;
    let wrong: TestApp;

    beforeAll(async () => {
      const clock = createTestClock();
      const readTime = async () => clock.now();
      let shared = '';
      const keepUrl = (url: string) => {
        shared = url;
        return url;
      };
      right = await startApp(kind, {}, keepUrl, { clock, readTime });
      const wrongClock = { ...clock, now: () => clock.now() + aheadSeconds * 1000 };
      wrong = await startApp(kind, { METRICS_TOKEN }, () => shared, { clock: wrongClock, readTime });
    });
    afterEach(() => {
      for (const app of [right, wrong]) expect(app.contractViolations.splice(0)).toEqual([]);
    });
    afterAll(async () => {
      await wrong.stop();
      await right.stop();
    });

    const refresh = (app: TestApp, refreshToken: string) =>
      app.post('/refresh').send({ refresh_token: refreshToken });

    it('a refresh token repeated within the grace gets its successor from either', async () => {
      for (const [one, other] of [
        [right, wrong],
        [wrong, right],
      ] as const) {
        const { refreshToken } = await signUp(one);
        const first = await refresh(one, refreshToken).expect(200);

        const repeated = await refresh(other, refreshToken).expect(200);

        expect(repeated.body.refresh_token).toBe(first.body.refresh_token);
      }
    });

    it('a refresh token repeated after the grace is reused at either', async () => {
      for (const [one, other] of [
        [right, wrong],
        [wrong, right],
      ] as const) {
        const { refreshToken } = await signUp(one);
        const { body } = await refresh(one, refreshToken).expect(200);
        await refresh(one, body.refresh_token).expect(200);
        right.clock.advanceSeconds(11);

        const repeated = await refresh(other, refreshToken).expect(401);

        expect(repeated.body.code).toBe('refresh_token_reused');
      }
    });

    it('no token outlives its account, whichever issued it and whichever deletes that', async () => {
      for (const [one, other] of [
        [right, wrong],
        [wrong, right],
      ] as const) {
        const { token, password } = await signUp(one);
        await other.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);
        await one.follower.catchUp();

        const codes = [right, wrong].map(async (app) => {
          const { body } = await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
          return body.code;
        });

        expect(await Promise.all(codes)).toEqual(['token_revoked', 'token_revoked']);
      }
    });

    it('the one with the wrong clock is not ready, and says so in its log and its metrics', async () => {
      const { body } = await wrong.get('/readyz').expect(503);
      const { text } = await request(wrong.url)
        .get('/metrics')
        .set('Authorization', `Bearer ${METRICS_TOKEN}`)
        .expect(200);

      expect(body).toMatchObject({ code: 'not_ready', detail: expect.stringContaining('clock') });
      expect(wrong.logs.lines.filter((line) => line.includes(OFF))).toHaveLength(1);
      expect(sumOf(text, 'latchkey_clock_offset_seconds')).toBeCloseTo(HOUR, 0);
      await right.get('/readyz').expect(200);
    });
  });
});

describe('A clock that is some seconds off', () => {
  it.each([
    [2, 'info', 200],
    [3, 'warn', 200],
    [-5.5, 'error', 503],
  ])(
    'by %d s is at most worth a line of level %s, and /readyz answers %d',
    async (aheadSeconds, level, status) => {
      const clock = createTestClock(aheadSeconds);
      const readTime = async () => clock.now() - aheadSeconds * 1000;
      const app = await startApp('SQLite', {}, undefined, { clock, readTime });

      await app.get('/readyz').expect(status);

      const levels = app.logs.lines
        .filter((line) => line.includes('clocks differ'))
        .map((line) => JSON.parse(line).level);
      const expected = { info: [], warn: [40], error: [50] }[level];
      await app.stop();
      expect(levels).toEqual(expected);
    },
  );
});
