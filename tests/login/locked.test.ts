import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { comparable, evaluatedDuring, failTimes, type Identifier, waitOut } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

const MAX_FAILURES = 8;
const WRONG = `${CANARY} wrong`;

onEachDatabase((kind) => {
  describe('A password that was wrong LOGIN_MAX_FAILURES times in a row', () => {
    const app = useApp(kind, { LOGIN_MAX_FAILURES: String(MAX_FAILURES) });

    /** What a client sees that tries passwords in this order, whenever it may and once when it may not. */
    async function answersTo(identifier: Identifier, passwords: readonly string[]) {
      const answers: unknown[] = [];
      for (const password of passwords) {
        const response = await app.post('/login').send({ ...identifier, password });
        answers.push(comparable(response));
        if (!String(response.headers.ratelimit).includes('"login-account";r=0')) continue;
        answers.push(
          comparable(
            await app
              .post('/login')
              .send({ ...identifier, password })
              .expect(429),
          ),
        );
        waitOut(app);
      }
      return answers;
    }

    it.each(['email', 'username'] as const)(
      'is not taken any more by %s, with answers that are at each step those to an unknown account',
      async (field) => {
        const known = await signUp(app, { username: aUsername() });
        const unknown = aPerson({ username: aUsername() });
        const guesses = [...Array(MAX_FAILURES + 1).fill(WRONG), known.password, WRONG, known.password];

        const toKnown = await answersTo({ [field]: known[field] }, guesses);
        const toUnknown = await answersTo({ [field]: unknown[field] }, guesses);

        expect(toKnown).toEqual(toUnknown);
        expect(toKnown.at(-2)).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
      },
    );

    it('is still taken before, or the limit would be lower than it says', async () => {
      const { email, password } = await signUp(app);
      await failTimes(app, MAX_FAILURES - 1, { email });

      await app.post('/login').send({ email, password }).expect(200);
    });

    it('is not even compared any more', async () => {
      const { email, password } = await signUp(app);
      await failTimes(app, MAX_FAILURES, { email });

      const evaluated = await evaluatedDuring([app], async () => {
        for (let time = 0; time < 3; time++) {
          await app.post('/login').send({ email, password }).expect(401);
          waitOut(app);
        }
      });

      expect(evaluated).toBe(0);
    });

    it('is not taken by another name of the account, since failures by both add up', async () => {
      const { email, username, password } = await signUp(app, { username: aUsername() });
      await failTimes(app, MAX_FAILURES / 2, { email });
      await failTimes(app, MAX_FAILURES / 2, { username });

      await app.post('/login').send({ email, password }).expect(401);
      await app.post('/login').send({ username, password }).expect(401);
    });

    it('stays so for years, unlike a delay', async () => {
      const { email, password } = await signUp(app);
      await failTimes(app, MAX_FAILURES, { email });
      app.clock.advanceSeconds(3 * 365 * 86_400);
      await app.store.loginFailures.prune(new Date(app.clock.now()));

      await app.post('/login').send({ email, password }).expect(401);
    });

    it('is taken where right ones came in between, since only failures in a row count', async () => {
      const { email, password } = await signUp(app);

      for (let round = 0; round < 3; round++) {
        await failTimes(app, MAX_FAILURES - 1, { email });
        await app.post('/login').send({ email, password }).expect(200);
      }
    });

    it('leaves every other account alone', async () => {
      const [victim, other] = [await signUp(app), await signUp(app)];
      await failTimes(app, MAX_FAILURES, { email: victim.email });

      await app.post('/login').send({ email: other.email, password: other.password }).expect(200);
    });

    it('leaves the sessions of the account alone: their tokens verify and are refreshed', async () => {
      const { email, token, refreshToken } = await signUp(app);
      for (let time = 0; time < 5; time++)
        await app.post('/login').send({ email, password: WRONG }).expect(401);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      waitOut(app);
      await failTimes(app, MAX_FAILURES - 5, { email });

      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    });

    it('is logged once, with the account and without what was typed', async () => {
      const { id, email } = await signUp(app, { username: aUsername() });
      const before = app.logs.entries().length;
      await failTimes(app, MAX_FAILURES + 3, { email });

      const lines = app.logs.entries().slice(before);
      const locked = lines.filter(({ event }) => event === 'password_locked');
      expect(locked).toEqual([
        expect.objectContaining({ level: expect.anything(), user_id: id, ip: '127.0.0.1' }),
      ]);
      expect(JSON.stringify(lines)).not.toContain(email);
    });

    it('is not logged for an unknown account', async () => {
      const before = app.logs.entries().length;

      await failTimes(app, MAX_FAILURES + 1, { email: aPerson().email });

      const events = app.logs
        .entries()
        .slice(before)
        .map(({ event }) => event);
      expect(events).not.toContain('password_locked');
    });

    it('is counted as locked in the metrics', async () => {
      const { email } = await signUp(app);
      const lockedLogins = async () => {
        const text = await app.scrape();
        return Number(/^latchkey_logins_total\{outcome="locked"\} (\d+)$/m.exec(text)?.[1] ?? 0);
      };
      const before = await lockedLogins();

      await failTimes(app, MAX_FAILURES + 1, { email });

      expect(await lockedLogins()).toBe(before + 1);
    });
  });

  describe('A password that was wrong a hundred times in a row', () => {
    const app = useApp(kind);

    it.each([
      [98, 200],
      [99, 401],
    ])(
      'is not taken any more, which no fewer cause: %d, one more, and the right one is answered %d',
      async (failures, status) => {
        const { id, email, password } = await signUp(app);
        const failedAt = new Date(app.clock.now() - 86_400_000);
        const row = { account: id, device: '', failures, failedAt };
        await app.models.loginFailures.create({ ...row, recentFailures: 0, waitsUntilMs: 0 });
        await failTimes(app, 1, { email });

        await app.post('/login').send({ email, password }).expect(status);
      },
    );
  });

  describe('An account that a stranger has locked', () => {
    const app = useApp(kind, { LOGIN_MAX_FAILURES: String(MAX_FAILURES) });

    /** A person with a device that logged in before, and a stranger who has made their password useless. */
    async function aVictim() {
      const person = await signUp(app, { username: aUsername() });
      const { email, password } = person;
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      await failTimes(app, MAX_FAILURES, { email });
      const { body: renewed } = await app
        .post('/refresh')
        .send({ refresh_token: body.refresh_token })
        .expect(200);
      return { ...person, deviceToken: body.device_token as string, token: renewed.access_token as string };
    }

    it('still takes its password from a device that logged in before', async () => {
      const { email, password, deviceToken } = await aVictim();

      await app.post('/login').send({ email, password }).expect(401);
      const { body } = await app
        .post('/login')
        .send({ email, password, device_token: deviceToken })
        .expect(200);

      expect(body.device_token.split('.')[0]).toBe(deviceToken.split('.')[0]);
    });

    it('still takes it from the device that signed up', async () => {
      const person = aPerson();
      const { body } = await app.post('/signup').send(person).expect(201);
      await failTimes(app, MAX_FAILURES, { email: person.email });

      await app
        .post('/login')
        .send({ email: person.email, password: person.password, device_token: body.device_token })
        .expect(200);
    });

    it('still takes it with the access token of a live session, by email and by username', async () => {
      const { email, username, password, token } = await aVictim();

      for (const identifier of [{ email }, { username }]) {
        await app
          .post('/login')
          .auth(token, { type: 'bearer' })
          .send({ ...identifier, password })
          .expect(200);
      }
    });

    it('does not delay the devices that it knows', async () => {
      const { email, password } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      for (let time = 0; time < 5; time++)
        await app.post('/login').send({ email, password: WRONG }).expect(401);
      await app.post('/login').send({ email, password }).expect(429);

      await app.post('/login').send({ email, password, device_token: body.device_token }).expect(200);
      await app
        .post('/login')
        .auth(body.access_token, { type: 'bearer' })
        .send({ email, password })
        .expect(200);
    });

    it('stays locked for strangers when a known device logs in', async () => {
      const { email, password, deviceToken } = await aVictim();
      await app.post('/login').send({ email, password, device_token: deviceToken }).expect(200);

      await app.post('/login').send({ email, password }).expect(401);
    });

    it('takes its password from everywhere again once the owner has changed it', async () => {
      const { email, password, token } = await aVictim();
      const newPassword = aPerson().password;
      await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: newPassword })
        .expect(204);

      await app.post('/login').send({ email, password: newPassword }).expect(200);
    });

    it('can be deleted by its owner', async () => {
      const { password, token } = await aVictim();

      await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);
    });

    it('does not take it with the session of another user', async () => {
      const { email, password } = await aVictim();
      const { token } = await signUp(app);

      await app.post('/login').auth(token, { type: 'bearer' }).send({ email, password }).expect(401);
    });

    it('does not take it with a session that has ended or a token that has expired', async () => {
      const { email, password, token } = await aVictim();
      const { body } = await app
        .post('/login')
        .auth(token, { type: 'bearer' })
        .send({ email, password })
        .expect(200);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      await app.post('/login').auth(token, { type: 'bearer' }).send({ email, password }).expect(401);
      app.clock.advanceSeconds(906);
      await app
        .post('/login')
        .auth(body.access_token, { type: 'bearer' })
        .send({ email, password })
        .expect(401);
    });
  });

  describe('A device that an account knows', () => {
    const app = useApp(kind, { LOGIN_MAX_FAILURES: String(MAX_FAILURES) });

    async function aKnownDevice() {
      const person = await signUp(app);
      const { email, password } = person;
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      return { ...person, deviceToken: body.device_token as string, token: body.access_token as string };
    }

    it('locks out only itself', async () => {
      const { email, password, deviceToken } = await aKnownDevice();
      const other = (await app.post('/login').send({ email, password }).expect(200)).body.device_token;
      await failTimes(app, MAX_FAILURES, { email, device_token: deviceToken });

      await app.post('/login').send({ email, password, device_token: deviceToken }).expect(401);
      await app.post('/login').send({ email, password, device_token: other }).expect(200);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('is delayed by its own failures alone', async () => {
      const { email, password, deviceToken } = await aKnownDevice();
      for (let time = 0; time < 5; time++) {
        await app.post('/login').send({ email, password: WRONG, device_token: deviceToken }).expect(401);
      }

      await app.post('/login').send({ email, password, device_token: deviceToken }).expect(429);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('by its sessions shares a count with all others of them, which does not begin anew with each token', async () => {
      const { email, password, refreshToken } = await signUp(app);
      const other = (await app.post('/login').send({ email, password }).expect(200)).body.access_token;
      let refresh = refreshToken;
      for (let time = 0; time < 5; time++) {
        const { body } = await app.post('/refresh').send({ refresh_token: refresh }).expect(200);
        refresh = body.refresh_token;
        await app
          .post('/login')
          .auth(body.access_token, { type: 'bearer' })
          .send({ email, password: WRONG })
          .expect(401);
      }
      const { body } = await app.post('/refresh').send({ refresh_token: refresh }).expect(200);

      await app
        .post('/login')
        .auth(body.access_token, { type: 'bearer' })
        .send({ email, password: WRONG })
        .expect(429);
      await app.post('/login').auth(other, { type: 'bearer' }).send({ email, password: WRONG }).expect(429);
    });

    it('counts on when it gets another token of the same device', async () => {
      const { email, password, deviceToken } = await aKnownDevice();
      const { body } = await app
        .post('/login')
        .send({ email, password, device_token: deviceToken })
        .expect(200);
      for (const device_token of [
        deviceToken,
        body.device_token,
        deviceToken,
        body.device_token,
        deviceToken,
      ]) {
        await app.post('/login').send({ email, password: WRONG, device_token }).expect(401);
      }

      await app.post('/login').send({ email, password: WRONG, device_token: body.device_token }).expect(429);
    });

    it('is a stranger at every other account', async () => {
      const { deviceToken } = await aKnownDevice();
      const victim = await signUp(app);
      await failTimes(app, MAX_FAILURES, { email: victim.email });

      await app
        .post('/login')
        .send({ email: victim.email, password: victim.password, device_token: deviceToken })
        .expect(401);
      expect((await app.store.loginFailures.find(victim.id, ''))?.failures).toBe(MAX_FAILURES + 1);
    });

    it('is a stranger again after the password was changed, or a thief of its token would stay known', async () => {
      const { id, email, password, deviceToken, token } = await aKnownDevice();
      app.clock.advanceSeconds(1);
      const newPassword = aPerson().password;
      await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: newPassword })
        .expect(204);

      await failTimes(app, 1, { email, device_token: deviceToken });

      const rows = await app.models.loginFailures.findAll({ where: { account: id } });
      expect(rows.filter(({ failures }) => failures > 0).map(({ device }) => device)).toEqual(['']);
    });

    it.each<[string, (token: string) => string]>([
      ['empty', () => ''],
      ['cut', (token) => token.slice(0, -1)],
      ['one with a sign more', (token) => `${token}A`],
      ['one of another device', (token) => `${'A'.repeat(22)}.${token.split('.')[1]}`],
      [
        'one whose proof is changed',
        (token) => token.replace(/\.(.)/, (_all, sign) => (sign === 'A' ? '.B' : '.A')),
      ],
      ['one without a proof', (token) => `${token.split('.')[0]}.`],
      ['one with a line end', (token) => `${token}\n`],
      ['a very long text', () => 'A'.repeat(3_000)],
    ])('is a stranger where its token is %s', async (_what, change) => {
      const { id, email, password, deviceToken } = await aKnownDevice();

      await failTimes(app, 1, { email, device_token: change(deviceToken) });

      const rows = await app.models.loginFailures.findAll({ where: { account: id } });
      expect(rows.filter(({ failures }) => failures > 0).map(({ device }) => device)).toEqual(['']);
      await app
        .post('/login')
        .send({ email, password, device_token: change(deviceToken) })
        .expect(200);
    });

    it('gets another token where it shows none that is good', async () => {
      const { email, password, deviceToken } = await aKnownDevice();

      const { body } = await app.post('/login').send({ email, password, device_token: 'none' }).expect(200);

      expect(body.device_token.split('.')[0]).not.toBe(deviceToken.split('.')[0]);
    });
  });
});
