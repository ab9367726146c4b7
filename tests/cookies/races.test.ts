import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Response } from 'supertest';
import { cookieKeyOf } from '../../src/core/cookie-sessions/cookie-id.ts';
import type { TestApp } from '../support/app.ts';
import {
  asPage,
  type Browser,
  cookieIdIn,
  logInByCookie,
  PAGE,
  sessionCookieIn,
  signUpByCookie,
  untilRedisIsUp,
} from '../support/cookies.ts';
import { databaseKinds } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { statementsDuring } from '../support/queries.ts';
import { onRedis, useRedis } from '../support/redis.ts';
import { eventually } from '../support/several-processes.ts';
import { useTwoApps } from '../support/two-apps.ts';

const ROUNDS = times(15, 150);
const PARALLEL = 20;
const isRenewal = (sql: string) => sql.startsWith('UPDATE sessions SET last_used_at');

type Apps = ReturnType<typeof useTwoApps>;

/** What keeps the records, seen from outside. */
interface Keeper {
  readonly find: (key: string) => Promise<string | null>;
  readonly putBack: (key: string, record: string) => Promise<unknown>;
}

/** Runs a suite for two apps on one database, with the sessions in its table or in one Redis. */
function onEachPair(suite: (apps: Apps, keeper: Keeper) => void): void {
  const env = { CORS_ORIGINS: PAGE, RATE_LIMITS: 'off' };

  describe.each(databaseKinds)('In the table on %s', (kind) => {
    const apps = useTwoApps(kind, () => env);
    const rowOf = (cookieKey: string) => apps.first.models.sessions.findOne({ where: { cookieKey } });
    suite(apps, {
      find: async (key) => {
        const row = await rowOf(key);
        return row === null || row.get().revokedAt !== null ? null : row.get().cookieRecord;
      },
      putBack: async (key, record) => (await rowOf(key))?.update({ cookieRecord: record }),
    });
  });

  onRedis(() => {
    const redis = useRedis();
    let operator: Redis;
    describe.each(databaseKinds)('beside %s', (kind) => {
      const apps = useTwoApps(kind, () => ({ ...env, REDIS_URL: redis.url }));
      beforeAll(async () => {
        operator = new Redis(redis.url);
        await Promise.all([apps.first, apps.second].map(untilRedisIsUp));
      });
      afterAll(() => operator.disconnect());
      suite(apps, {
        find: (key) => operator.get(`latchkey:session:${key}`),
        putBack: (key, record) => operator.set(`latchkey:session:${key}`, record, 'EX', 1000),
      });
    });
  });
}

onEachPair((apps, keeper) => {
  const keyOf = ({ cookie }: Browser) => cookieKeyOf(cookieIdIn(cookie));
  const statusAt = async (app: TestApp, { cookie }: Browser) =>
    (await app.get('/me').set('Cookie', cookie)).status;

  function advanceSeconds(seconds: number): void {
    for (const app of [apps.first, apps.second]) app.clock.advanceSeconds(seconds);
  }

  /** Lets the time pass after which the next request renews a session. */
  const untilRenewal = () => advanceSeconds(apps.first.config.tokens.accessTokenTtlSeconds / 2);

  async function expectGone(browser: Browser): Promise<void> {
    const record = await eventually(
      () => keeper.find(keyOf(browser)),
      (found) => found === null,
    );
    expect(record).toBeNull();
  }

  describe('a logout', () => {
    it('wins over renewals on another process at the same moment, in whatever order they come', async () => {
      let browser = await signUpByCookie(apps.first);
      for (let round = 0; round < ROUNDS; round++) {
        untilRenewal();
        const renewals = Array.from({ length: round % 5 }, () => statusAt(apps.second, browser));
        if (round % 3 === 1) await renewals[0];
        const logout = asPage(apps.first.post('/logout'), browser).expect(204);
        const later = Array.from({ length: 3 }, () => statusAt(apps.second, browser));

        await logout;
        const statuses = await Promise.all([...renewals, ...later]);

        expect(statuses.filter((status) => status !== 200 && status !== 401)).toEqual([]);
        await expectGone(browser);
        // Nothing but the record and the database say so by now: this process has not read any revocation.
        expect([await statusAt(apps.second, browser), await statusAt(apps.first, browser)]).toEqual([
          401, 401,
        ]);
        browser = await logInByCookie(apps.first, browser);
      }
    });
  });

  describe('a session that ends in one process', () => {
    it('is refused by another as soon as that has read the revocations, although its record is still there', async () => {
      for (let round = 0; round < times(2, 20); round++) {
        const browser = await signUpByCookie(apps.first);
        expect(await statusAt(apps.second, browser)).toBe(200);
        const record = (await keeper.find(keyOf(browser))) ?? '';
        await asPage(apps.first.post('/logout'), browser).expect(204);
        await expectGone(browser);
        await keeper.putBack(keyOf(browser), record);

        await apps.second.follower.catchUp();

        expect(await statusAt(apps.second, browser)).toBe(401);
      }
    });
  });

  describe('many requests at the moment of a renewal', () => {
    it('renew a session once a process, and are all answered', async () => {
      const browser = await signUpByCookie(apps.first);
      for (let round = 0; round < times(3, 20); round++) {
        untilRenewal();
        let answers: Response[] = [];
        const ask = async () => {
          answers = await Promise.all(
            [apps.first, apps.second].flatMap((app) =>
              Array.from({ length: PARALLEL }, () => app.get('/me').set('Cookie', browser.cookie)),
            ),
          );
        };

        let ofSecond: string[] = [];
        const ofFirst = await statementsDuring(apps.first, async () => {
          ofSecond = await statementsDuring(apps.second, ask);
        });

        expect(answers.map(({ status }) => status)).toEqual(Array(2 * PARALLEL).fill(200));
        expect(answers.some((answer) => sessionCookieIn(answer) === browser.cookie)).toBe(true);
        for (const statements of [ofFirst, ofSecond])
          expect(statements.filter(isRenewal).length).toBeLessThanOrEqual(1);
        expect([...ofFirst, ...ofSecond].filter(isRenewal).length).toBeGreaterThanOrEqual(1);
      }
    });
  });
});
