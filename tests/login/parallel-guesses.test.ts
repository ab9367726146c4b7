import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { evaluatedDuring, failTimes, type Identifier, quotaOf, waitOut } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';
import { statementsDuring } from '../support/queries.ts';
import { useTwoApps } from '../support/two-apps.ts';

const MANY = times(60, 200);
/** So that the way to it is shorter than to the hundred that is the default. */
const MAX_FAILURES = times(20, 30);
const LOCKED_SOON = { LOGIN_MAX_FAILURES: String(MAX_FAILURES) };
/** After the first, which has five for each name, each has one for either. */
const ROUNDS = times(10, 20);

/** The statuses of as many wrong guesses at once, which the apps and the identifiers take in turn. */
async function guess(
  apps: readonly [TestApp, ...TestApp[]],
  many: number,
  identifiers: readonly [Identifier, ...Identifier[]],
): Promise<number[]> {
  const guesses = Array.from({ length: many }, (_, index) => {
    const app = apps[index % apps.length] ?? apps[0];
    const identifier = identifiers[Math.floor(index / apps.length) % identifiers.length];
    return app.post('/login').send({ ...identifier, password: `${CANARY} guess ${index}` });
  });
  return (await Promise.all(guesses)).map(({ status }) => status);
}

function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

onEachDatabase((kind) => {
  describe(`Of ${MANY} wrong guesses at once`, () => {
    const app = useApp(kind, LOCKED_SOON);

    it('five are evaluated, the others have to wait', async () => {
      const { id, email } = await signUp(app);
      let statuses: number[] = [];

      const evaluated = await evaluatedDuring([app], async () => {
        statuses = await guess([app], MANY, [{ email }]);
      });

      expect(evaluated).toBe(5);
      expect(tally(statuses)).toEqual({ 401: 5, 429: MANY - 5 });
      expect((await app.store.loginFailures.find(id, ''))?.failures).toBe(5);
    });

    it('few ask the database to be counted, so that other logins do not wait for them', async () => {
      const { email } = await signUp(app);

      const statements = await statementsDuring(app, () => guess([app], MANY, [{ email }]));

      const counts = statements.filter((sql) => sql.includes('INSERT INTO login_failures'));
      // Five that are compared, and one try more whenever one of them has ended.
      expect(counts.length).toBeLessThanOrEqual(10);
    });

    it('at an unknown account, as many are answered alike', async () => {
      expect(tally(await guess([app], MANY, [{ email: aPerson().email }]))).toEqual({
        401: 5,
        429: MANY - 5,
      });
    });

    it('by email address and username, five of each are evaluated', async () => {
      const { id, email, username } = await signUp(app, { username: aUsername() });

      const evaluated = await evaluatedDuring([app], async () => {
        await guess([app], MANY, [{ email }, { username }]);
      });

      expect(evaluated).toBe(10);
      expect((await app.store.loginFailures.find(id, ''))?.failures).toBe(10);
    });

    it('one is evaluated where five failed before and the delay is over', async () => {
      const { email } = await signUp(app);
      await failTimes(app, 5, { email });

      const evaluated = await evaluatedDuring([app], () => guess([app], MANY, [{ email }]));

      expect(evaluated).toBe(1);
    });

    it('no more are evaluated in all than LOGIN_MAX_FAILURES, however long they go on, by whatever name', async () => {
      const { id, email, username, password } = await signUp(app, { username: aUsername() });

      const evaluated = await evaluatedDuring([app], async () => {
        for (let round = 0; round < ROUNDS; round++) {
          await guess([app], 8, [{ email }, { username }]);
          waitOut(app);
        }
      });

      expect(evaluated).toBe(MAX_FAILURES);
      expect((await app.store.loginFailures.find(id, ''))?.failures).toBeGreaterThan(MAX_FAILURES);
      await app.post('/login').send({ email, password }).expect(401);
    });
  });

  describe('With two processes on one database', () => {
    const apps = useTwoApps(kind, () => LOCKED_SOON);

    it(`five of ${MANY} wrong guesses at once are evaluated`, async () => {
      const both = [apps.first, apps.second] as const;
      const { id, email } = await signUp(apps.first);
      let statuses: number[] = [];

      const evaluated = await evaluatedDuring(both, async () => {
        statuses = await guess(both, MANY, [{ email }]);
      });

      expect(evaluated).toBe(5);
      // Two processes wait for one another in the database, where a busy machine lets some of them run out of time.
      const { 401: wrong, 429: limited = 0, 503: unavailable = 0 } = tally(statuses);
      expect({ wrong, refused: limited + unavailable }).toEqual({ wrong: 5, refused: MANY - 5 });
      expect((await apps.second.store.loginFailures.find(id, ''))?.failures).toBe(5);
    });

    it('no more are evaluated in all than LOGIN_MAX_FAILURES, however long they go on', async () => {
      const both = [apps.first, apps.second] as const;
      const { email, username } = await signUp(apps.first, { username: aUsername() });

      const evaluated = await evaluatedDuring(both, async () => {
        for (let round = 0; round < ROUNDS; round++) {
          await guess(both, 8, [{ email }, { username }]);
          for (const app of both) waitOut(app);
        }
      });

      expect(evaluated).toBe(MAX_FAILURES);
    });

    it('a failure in one delays the other, and a success in one begins what locks anew', async () => {
      const { id, email, password } = await signUp(apps.first);
      await guess([apps.first], 5, [{ email }]);
      await apps.second.post('/login').send({ email, password }).expect(429);
      for (const app of [apps.first, apps.second]) app.clock.advanceSeconds(1);
      await apps.second.post('/login').send({ email, password }).expect(200);

      const response = await apps.first.post('/login').send({ email, password }).expect(200);

      expect(quotaOf(response)?.r).toBe(0);
      expect((await apps.first.store.loginFailures.find(id, ''))?.failures).toBe(0);
    });
  });

  describe('Ten right logins at once', () => {
    const app = useApp(kind);

    async function logInTenTimes(credentials: object): Promise<number[]> {
      const logins = Array.from({ length: 10 }, () => app.post('/login').send(credentials));
      return (await Promise.all(logins)).map(({ status }) => status);
    }

    it.each([0, 1, 4])('all succeed after %d failures', async (failures) => {
      const { id, email, password } = await signUp(app);
      await failTimes(app, failures, { email });

      expect(await logInTenTimes({ email, password })).toEqual(Array(10).fill(200));

      expect((await app.store.loginFailures.find(id, ''))?.failures).toBe(0);
    });

    it('all succeed after five failures, once the delay is over', async () => {
      const { email, password } = await signUp(app);
      await failTimes(app, 5, { email });

      expect(await logInTenTimes({ email, password })).toEqual(Array(10).fill(200));
    });
  });
});
