import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import type { Response } from 'supertest';
import { prehash, prehashKeys } from '../../src/core/passwords/prehash.ts';
import { anAdmin, ledgerOf } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import {
  FEW_MAY_WAIT,
  fillOnNextCompare,
  LITTLE_TIME_TO_WAIT,
  LONG_COST,
  THOUSANDS_MAY_WAIT,
  TOO_MANY,
  untilIdle,
  useWarmThreads,
  whileBusy,
} from '../support/busy.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { hasManyAddresses, postFrom } from '../support/from-address.ts';
import { evaluatedDuring } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import { eventually } from '../support/several-processes.ts';

const WRONG = `${CANARY} wrong`;

function tally(responses: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Of one password, and made once, since it takes its time. */
let costly: string | undefined;

async function costlyHashOf(password: string): Promise<string> {
  const [key] = prehashKeys(undefined);
  return `lk1:${key.id}:${await bcrypt.hash(prehash(password, key), LONG_COST)}`;
}

async function failuresOf(app: TestApp, id: string): Promise<number> {
  return (await app.store.loginFailures.find(id, ''))?.failures ?? 0;
}

onEachDatabase((kind) => {
  describe('POST /login where a password would wait longer than HASH_MAX_WAIT_MS', () => {
    const app = useApp(kind, { ...FEW_MAY_WAIT, LOGIN_FREE_FAILURES: '100' });
    useWarmThreads(app);

    function expectOverloaded(response: Response): void {
      expect(response.status).toBe(503);
      expect(response.type).toBe('application/problem+json');
      expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(response.body).toMatchObject({ status: 503, code: 'overloaded' });
      expect(response.body).not.toHaveProperty('policy');
    }

    it('answers 503 at once, to the right password, a wrong one and an unknown account alike', async () => {
      const { email, password } = await signUp(app);

      const answers = await whileBusy(app, () =>
        Promise.all(
          [{ email, password }, { email, password: WRONG }, aPerson()].map((credentials) =>
            app.post('/login').send({ email: credentials.email, password: credentials.password }),
          ),
        ),
      );

      for (const answer of answers) expectOverloaded(answer);
      const bodies = answers.map(({ body }) => ({ ...body, instance: 'any' }));
      expect(bodies).toEqual(Array(3).fill(bodies[0]));
      expect(new Set(answers.map(({ headers }) => headers['retry-after'])).size).toBe(1);
    });

    it('answers 503 without counting it as a wrong password', async () => {
      const { id, email, password } = await signUp(app);

      await whileBusy(app, () => app.post('/login').send({ email, password: WRONG }).expect(503));

      expect(await failuresOf(app, id)).toBe(0);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 503 to many of a burst of wrong passwords, of which those that were evaluated are counted', async () => {
      const { id, email } = await signUp(app);
      let answers: Response[] = [];

      const evaluated = await evaluatedDuring([app], async () => {
        answers = await Promise.all(
          Array.from({ length: TOO_MANY }, (_, index) =>
            app.post('/login').send({ email, password: `${WRONG} ${index}` }),
          ),
        );
      });

      const refused = answers.filter(({ status }) => status === 503);
      for (const answer of refused) expectOverloaded(answer);
      expect(Object.keys(tally(answers))).toEqual(['401', '503']);
      expect(evaluated).toBeGreaterThanOrEqual(tally(answers)[401] ?? 0);
      expect(await failuresOf(app, id)).toBe(tally(answers)[401]);
    });

    it('answers 503 to some of a burst of right passwords, and starts no session for them', async () => {
      const { id, email, password } = await signUp(app);

      const answers = await Promise.all(
        Array.from({ length: TOO_MANY }, () => app.post('/login').send({ email, password })),
      );

      expect(Object.keys(tally(answers))).toEqual(['200', '503']);
      expect(await app.models.sessions.count({ where: { userId: id } })).toBe(1 + (tally(answers)[200] ?? 0));
      expect(await failuresOf(app, id)).toBe(0);
    });

    it('counts the outcome overloaded in the metrics', async () => {
      const count = async () =>
        Number(/^latchkey_logins_total\{outcome="overloaded"\} (\d+)$/m.exec(await app.scrape())?.[1] ?? 0);
      const before = await count();

      await whileBusy(app, () => app.post('/login').send(loginOf(aPerson())).expect(503));

      expect(await count()).toBe(before + 1);
    });

    it('goes on to verify tokens and to read accounts meanwhile', async () => {
      const { token } = await signUp(app);

      await whileBusy(app, async () => {
        for (let time = 0; time < 10; time++) {
          await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
          await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
        }
        await app.post('/login').send(loginOf(aPerson())).expect(503);
      });
    });

    it('takes logins again as soon as there is room', async () => {
      const { email, password } = await signUp(app);

      await whileBusy(app, () => app.post('/login').send({ email, password }).expect(503));

      await app.post('/login').send({ email, password }).expect(200);
      expect([app.hashWorkers.running(), app.hashWorkers.waiting()]).toEqual([0, 0]);
    });
  });

  describe('POST /login with the right password for an outdated hash', () => {
    const app = useApp(kind, THOUSANDS_MAY_WAIT);
    useWarmThreads(app);

    it('succeeds where there is no room to make the hash anew, and the next login does it', async () => {
      const { id, email, password } = await signUp(app);
      const foreign = await bcrypt.hash(password, 4);
      await app.models.users.update({ passwordHash: foreign }, { where: { id } });
      const storedHash = async () => (await app.store.users.findById(id))?.passwordHash;
      const filled = fillOnNextCompare(app);

      await app.post('/login').send({ email, password }).expect(200);

      expect(await storedHash()).toBe(foreign);
      await filled.emptied();
      await app.post('/login').send({ email, password }).expect(200);
      expect(await storedHash()).toMatch(/^lk1:/);
    });
  });

  describe('POST /login with the new password that the operator has required', () => {
    const app = useApp(kind, THOUSANDS_MAY_WAIT);
    useWarmThreads(app);

    it('is 503 where there is no room to hash it, and no failed login in the audit log', async () => {
      const { id, email, password } = await signUp(app);
      const { token } = await anAdmin(app);
      const path = `/admin/users/${id}/force-password-change`;
      await app.post(path).auth(token, { type: 'bearer' }).expect(200);
      const change = { email, password, new_password: `${CANARY} new battery` };
      const filled = fillOnNextCompare(app);

      const { body } = await app.post('/login').send(change).expect(503);

      expect(body.code).toBe('overloaded');
      expect(await ledgerOf(app).list({ subjectId: id, type: 'login.failed' }, 50, undefined)).toEqual([]);
      await filled.emptied();
      await app.post('/login').send(change).expect(200);
    });
  });
});

/** Seconds of hashing, in which no database has a part. */
onOneDatabase((kind) => {
  describe('POST /login with the right password, for a hash that takes longer than HASH_MAX_WAIT_MS', () => {
    const app = useApp(kind, LITTLE_TIME_TO_WAIT);
    useWarmThreads(app);

    it('answers 503 when the time is over, and what comes of the hash afterwards starts no session', async () => {
      const { id, email, password } = await signUp(app, { password: `${CANARY} that is hashed for long` });
      costly ??= await costlyHashOf(password);
      await app.models.users.update({ passwordHash: costly }, { where: { id } });
      const figures = async () => {
        const text = await app.scrape();
        return ['latchkey_hash_refusals_total', 'latchkey_hash_duration_seconds_count'].map((name) =>
          sumOf(text, name),
        );
      };
      const [refusals = 0, hashes = 0] = await figures();

      const { body, headers } = await app.post('/login').send({ email, password }).expect(503);

      expect(body.code).toBe('overloaded');
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(app.hashWorkers.running()).toBe(1);
      await untilIdle(app);
      expect(await app.models.sessions.count({ where: { userId: id } })).toBe(1);
      expect(await failuresOf(app, id)).toBe(0);
      expect(await figures()).toEqual([refusals + 1, hashes + 1]);
      expect(await ledgerOf(app).list({ subjectId: id, type: 'login.failed' }, 50, undefined)).toEqual([]);
    });

    it('lets no others wait behind such a hash while it runs, and takes logins again once it has ended', async () => {
      const { email, password } = await signUp(app);
      const late = app.hashWorkers.hash('192.0.2.1', { kind: 'hash', text: 'late', cost: LONG_COST });
      await expect(late).rejects.toMatchObject({ code: 'overloaded' });

      const answers = await Promise.all([1, 2].map(() => app.post('/login').send({ email, password })));

      expect(answers.map(({ status }) => status)).toEqual([503, 503]);
      await untilIdle(app);
      const logIn = async () => (await app.post('/login').send({ email, password })).status;
      expect(await eventually(logIn, (status) => status === 200)).toBe(200);
    });
  });

  (hasManyAddresses ? describe : describe.skip)('A flood of logins', () => {
    const app = useApp(kind, { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '1500', BCRYPT_COST: '9' });
    const FLOOD = 150;

    /** Many logins at once from these addresses; resolves once the queue is full and some have been refused. */
    async function flood(addresses: readonly string[]) {
      let refuse: () => void = () => {};
      const refused = new Promise<void>((resolve) => {
        refuse = resolve;
      });
      let pending = FLOOD;
      const answers = Array.from({ length: FLOOD }, async (_, index) => {
        const answer = await postFrom(
          addresses[index % addresses.length] ?? '',
          `${app.url}/login`,
          loginOf(aPerson()),
        );
        pending--;
        if (answer.status === 503) refuse();
        return answer;
      });
      await refused;
      return { pending: () => pending, over: Promise.all(answers) };
    }

    it.each([
      ['one address', ['127.0.0.2']],
      ['five addresses', ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6']],
    ])(
      'from %s keeps no others from logging in, nor tokens from being verified',
      async (_whence, addresses) => {
        const { email, password, token } = await signUp(app);
        const going = await flood(addresses);

        expect(going.pending()).toBeGreaterThan(0);
        const login = await postFrom('127.0.0.9', `${app.url}/login`, { email, password });
        await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);

        expect(login.status).toBe(200);
        expect(Object.keys(tally(await going.over))).toEqual(['401', '503']);
      },
    );
  });
});

function loginOf({ email, password }: { email: string; password: string }) {
  return { email, password };
}
