import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { evaluatedDuring, failTimes, quotaOf, waitOut } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';

const A_DAY_SECONDS = 86_400;
const POLICY = `"login-account";q=5;w=${A_DAY_SECONDS}`;
const WRONG = `${CANARY} wrong`;
/** After the failures from the fifth on. */
const DELAYS_SECONDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900];

onEachDatabase((kind) => {
  describe('POST /login', () => {
    const app = useApp(kind);

    it('answers 429 to a sixth try within a second of five failures, and says which limit is used up and for how long', async () => {
      const { email, password } = await signUp(app);
      for (let time = 0; time < 5; time++)
        await app.post('/login').send({ email, password: WRONG }).expect(401);

      const response = await app.post('/login').send({ email, password }).expect(429);

      expect(response.type).toBe('application/problem+json');
      expect(response.headers['retry-after']).toBe('1');
      expect(response.headers['ratelimit-policy']).toContain(POLICY);
      expect(quotaOf(response)).toEqual({ r: 0, t: 1 });
      expect(response.body).toMatchObject({ status: 429, code: 'rate_limited', policy: 'login-account' });
    });

    it.each([
      ['a known account', () => signUp(app)],
      ['an unknown one', async () => aPerson()],
    ])(
      'answers 429 to %s for 1, 2, 4 ... 900 seconds after each failure from the fifth on',
      async (_whose, make) => {
        const { email } = await make();
        for (const left of [4, 3, 2, 1]) {
          const response = await app.post('/login').send({ email, password: WRONG }).expect(401);
          expect(quotaOf(response)).toEqual({ r: left, t: A_DAY_SECONDS });
          expect(response.headers['ratelimit-policy']).toContain(POLICY);
        }

        for (const delay of DELAYS_SECONDS) {
          const failed = await app.post('/login').send({ email, password: WRONG }).expect(401);
          expect(quotaOf(failed)).toEqual({ r: 0, t: delay });
          const refused = await app.post('/login').send({ email, password: WRONG }).expect(429);
          expect(refused.headers['retry-after']).toBe(String(delay));
          app.clock.advanceSeconds(delay - 1);
          const again = await app.post('/login').send({ email, password: WRONG }).expect(429);
          expect(quotaOf(again)).toEqual({ r: 0, t: 1 });
          app.clock.advanceSeconds(1);
        }
      },
    );

    it('answers 429 before a password is compared, so that refused tries tell nothing and count nothing', async () => {
      const { id, email, password } = await signUp(app);
      await failTimes(app, 4, { email });
      await app.post('/login').send({ email, password: WRONG }).expect(401);

      const evaluated = await evaluatedDuring([app], async () => {
        for (let time = 0; time < 5; time++) await app.post('/login').send({ email, password }).expect(429);
      });

      expect(evaluated).toBe(0);
      expect((await app.store.loginFailures.find(id, ''))?.failures).toBe(5);
      app.clock.advanceSeconds(1);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 429 for an identifier however it is typed, or each spelling would give five more tries', async () => {
      const { email, username = '' } = await signUp(app, { username: aUsername() });
      const unknown = aPerson().email;
      for (const typed of [email, email.toUpperCase(), ` ${email}`, `${email}\t`, email]) {
        await app.post('/login').send({ email: typed, password: WRONG }).expect(401);
      }
      for (const typed of [unknown, unknown.toUpperCase(), ` ${unknown}`, `${unknown}\t`, unknown]) {
        await app.post('/login').send({ email: typed, password: WRONG }).expect(401);
      }
      for (const typed of [username, username.toUpperCase(), ` ${username}`, `${username}\t`, username]) {
        await app.post('/login').send({ username: typed, password: WRONG }).expect(401);
      }

      await app.post('/login').send({ email, password: WRONG }).expect(429);
      await app.post('/login').send({ email: unknown, password: WRONG }).expect(429);
      await app.post('/login').send({ username, password: WRONG }).expect(429);
    });

    it.each(['email', 'username'] as const)(
      'answers 429 for an %s in whatever member it comes, or each member would give five more tries',
      async (kind) => {
        const person = await signUp(app, { username: aUsername() });
        const identifier = person[kind] ?? '';
        const members = ['email', 'username', 'identifier'];
        for (const member of [...members, 'email', 'username']) {
          await app
            .post('/login')
            .send({ [member]: identifier, password: WRONG })
            .expect(401);
        }

        for (const member of members) {
          await app
            .post('/login')
            .send({ [member]: identifier, password: WRONG })
            .expect(429);
        }
      },
    );

    it('does not delay other accounts', async () => {
      const [victim, other] = [await signUp(app), await signUp(app)];
      for (let time = 0; time < 5; time++) {
        await app.post('/login').send({ email: victim.email, password: WRONG }).expect(401);
      }

      const response = await app.post('/login').send({ email: other.email, password: WRONG }).expect(401);

      expect(quotaOf(response)?.r).toBe(4);
    });

    it('answers 429 to the email address alone, since a delay of both would tell which username belongs to it', async () => {
      const { email, username, password } = await signUp(app, { username: aUsername() });
      for (let time = 0; time < 5; time++)
        await app.post('/login').send({ email, password: WRONG }).expect(401);

      const response = await app.post('/login').send({ username, password: WRONG }).expect(401);

      expect(quotaOf(response)).toEqual({ r: 4, t: A_DAY_SECONDS });
      await app.post('/login').send({ email, password }).expect(429);
      await app.post('/login').send({ username, password }).expect(200);
    });

    it('answers 429 to texts that can be no identifier as to others, with a count for each', async () => {
      for (let time = 0; time < 5; time++) {
        await app.post('/login').send({ email: 'no address', password: WRONG }).expect(401);
      }

      await app.post('/login').send({ email: 'no address', password: WRONG }).expect(429);
      await app.post('/login').send({ email: 'no address either', password: WRONG }).expect(401);
      await app.post('/login').send({ username: 'no address', password: WRONG }).expect(429);
    });

    it('answers 429 after a login as before it, or others would see that the owner has logged in', async () => {
      const { id, email, password } = await signUp(app);
      await failTimes(app, 3, { email });

      const response = await app.post('/login').send({ email, password }).expect(200);

      expect(quotaOf(response)).toEqual({ r: 2, t: A_DAY_SECONDS });
      expect(response.headers['ratelimit-policy']).toContain(POLICY);
      expect((await app.store.loginFailures.find(id, ''))?.failures).toBe(0);
      expect((await failTimes(app, 2, { email })).map((answer) => quotaOf(answer)?.r)).toEqual([1, 0]);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('does not delay a known device once it logged in, which shows all tries as left', async () => {
      const { id, email, password } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      const device = { email, device_token: body.device_token as string };
      await failTimes(app, 7, device);

      const response = await app
        .post('/login')
        .send({ ...device, password })
        .expect(200);

      expect(quotaOf(response)).toEqual({ r: 5, t: A_DAY_SECONDS });
      const name = `device:${device.device_token.split('.')[0]}`;
      expect((await app.store.loginFailures.find(id, name))?.failures).toBe(0);
      expect((await failTimes(app, 4, device)).map((answer) => quotaOf(answer)?.r)).toEqual([4, 3, 2, 1]);
    });

    it('answers 429 without asking the database, where this process knows that the next try has to wait', async () => {
      const { email, password } = await signUp(app);
      for (let time = 0; time < 5; time++)
        await app.post('/login').send({ email, password: WRONG }).expect(401);

      const queries = await countQueries(app, async () => {
        for (let time = 0; time < 20; time++) await app.post('/login').send({ email, password }).expect(429);
      });

      expect(queries).toBe(0);
      app.clock.advanceSeconds(1);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('forgets a delay a day after the last failure', async () => {
      const { email, password } = await signUp(app);
      await failTimes(app, 9, { email });
      app.clock.advanceSeconds(A_DAY_SECONDS);

      const response = await app.post('/login').send({ email, password: WRONG }).expect(401);

      expect(quotaOf(response)).toEqual({ r: 4, t: A_DAY_SECONDS });
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('still answers 429 where the last failure is not a day ago, although the first one is', async () => {
      const { email } = await signUp(app);
      for (let time = 0; time < 4; time++)
        await app.post('/login').send({ email, password: WRONG }).expect(401);
      app.clock.advanceSeconds(A_DAY_SECONDS - 1);
      await app.post('/login').send({ email, password: WRONG }).expect(401);

      await app.post('/login').send({ email, password: WRONG }).expect(429);
    });
  });

  describe('POST /login with LOGIN_FREE_FAILURES=2', () => {
    const app = useApp(kind, { LOGIN_FREE_FAILURES: '2' });

    it('answers 429 from the third try on', async () => {
      const { email } = aPerson();

      const first = await app.post('/login').send({ email, password: WRONG }).expect(401);
      const second = await app.post('/login').send({ email, password: WRONG }).expect(401);

      expect(first.headers['ratelimit-policy']).toContain('"login-account";q=2;w=86400');
      expect([first, second].map(quotaOf)).toEqual([
        { r: 1, t: A_DAY_SECONDS },
        { r: 0, t: 1 },
      ]);
      await app.post('/login').send({ email, password: WRONG }).expect(429);
    });
  });

  describe('POST /login with RATE_LIMITS=off', () => {
    const app = useApp(kind, { RATE_LIMITS: 'off', LOGIN_MAX_FAILURES: '8' });

    it('never answers 429, counts nothing, shows no limit and locks no account', async () => {
      const { id, email, password } = await signUp(app);

      for (let time = 0; time < 12; time++) {
        const { headers } = await app.post('/login').send({ email, password: WRONG }).expect(401);
        expect(headers).not.toHaveProperty('ratelimit');
        expect(headers).not.toHaveProperty('ratelimit-policy');
      }

      expect(await app.store.loginFailures.find(id, '')).toBeNull();
      const { headers } = await app.post('/login').send({ email, password }).expect(200);
      expect(headers).not.toHaveProperty('ratelimit');
    });
  });

  describe('What POST /login has counted', () => {
    const app = useApp(kind);

    it('is forgotten after a day without an account, and kept for an account, which it may lock', async () => {
      const { id, email } = await signUp(app);
      await failTimes(app, 3, { email });
      for (let person = 0; person < 3; person++) await failTimes(app, 1, { email: aPerson().email });
      const counted = () => app.models.loginFailures.count();
      // One for each identifier, and one for each account or what stands for it.
      expect(await counted()).toBe(8);
      const at = app.clock.now();

      await app.store.loginFailures.prune(new Date(at));
      expect(await counted()).toBe(8);
      waitOut(app);
      await app.store.loginFailures.prune(new Date(at + 1));

      expect(await counted()).toBe(1);
      expect((await app.store.loginFailures.find(id, ''))?.failures).toBe(3);
    });

    it('goes with the account, from all devices', async () => {
      const { id, email, password, token } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      await failTimes(app, 1, { email });
      await failTimes(app, 1, { email, device_token: body.device_token });
      const counted = () => app.models.loginFailures.count({ where: { account: id } });
      expect(await counted()).toBe(2);

      await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);

      expect(await counted()).toBe(0);
    });

    it('holds no identifier that was typed', async () => {
      const { email } = aPerson();
      const username = aUsername();
      await failTimes(app, 1, { email });
      await failTimes(app, 1, { username });

      const rows = JSON.stringify(await app.models.loginFailures.findAll());

      expect(rows).not.toContain(email);
      expect(rows).not.toContain(email.split('@')[0]);
      expect(rows).not.toContain(username);
    });
  });
});
