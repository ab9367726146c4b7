import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { evaluatedDuring, failTimes, quotaOf, waitOut } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';

const MAX_FAILURES = 8;
const WRONG = `${CANARY} wrong`;
const NEW = `${CANARY} a new one to be had`;

type Person = Awaited<ReturnType<typeof signUp>>;

onEachDatabase((kind) => {
  const app = useApp(kind, {
    LOGIN_MAX_FAILURES: String(MAX_FAILURES),
    ACCESS_TOKEN_TTL_SECONDS: '86400',
  });

  const changePassword = (token: string, current_password: string) =>
    app.post('/me/password').auth(token, { type: 'bearer' }).send({ current_password, new_password: NEW });
  const remove = (token: string, password: string) =>
    app.delete('/me').auth(token, { type: 'bearer' }).send({ password });

  async function anotherSession({ email, password }: Person): Promise<string> {
    return (await app.post('/login').send({ email, password }).expect(200)).body.access_token;
  }

  describe.each([
    ['POST /me/password', changePassword],
    ['DELETE /me', remove],
  ])('%s', (_operation, confirm) => {
    it('answers 403 with how many tries are left, then 429 for a second, then for two', async () => {
      const { token, password } = await signUp(app);
      for (const left of [4, 3, 2, 1]) {
        const response = await confirm(token, WRONG).expect(403);
        expect(quotaOf(response)).toEqual({ r: left, t: 86_400 });
      }

      for (const delay of [1, 2]) {
        expect(quotaOf(await confirm(token, WRONG).expect(403))).toEqual({ r: 0, t: delay });
        const response = await confirm(token, password).expect(429);
        expect(response.body).toMatchObject({ code: 'rate_limited', policy: 'login-account' });
        expect(response.headers['retry-after']).toBe(String(delay));
        app.clock.advanceSeconds(delay);
      }
      await confirm(token, password).expect(204);
    });

    it('takes not even the right password after LOGIN_MAX_FAILURES wrong ones, or an access token would do', async () => {
      const { id, token, password } = await signUp(app);
      const before = app.logs.entries().length;
      for (let time = 0; time < MAX_FAILURES; time++) {
        await confirm(token, WRONG).expect(403);
        if (time >= 4) waitOut(app);
      }

      const evaluated = await evaluatedDuring([app], () => confirm(token, password).expect(403));

      expect(evaluated).toBe(0);
      expect(await app.store.users.findById(id)).not.toBeNull();
      const events = app.logs
        .entries()
        .slice(before)
        .filter(({ event }) => event === 'password_locked');
      expect(events).toEqual([expect.objectContaining({ user_id: id })]);
    });

    it('evaluates five of 50 wrong passwords at once', async () => {
      const { token } = await signUp(app);

      const evaluated = await evaluatedDuring([app], () =>
        Promise.all(Array.from({ length: 50 }, (_, index) => confirm(token, `${WRONG} ${index}`))),
      );

      expect(evaluated).toBe(5);
    });

    it('counts for all sessions of the account, or each would give as many tries, and delays no login', async () => {
      const person = await signUp(app);
      const other = await anotherSession(person);
      for (let time = 0; time < 5; time++) {
        await confirm(time % 2 === 0 ? person.token : other, WRONG).expect(403);
      }
      await confirm(person.token, person.password).expect(429);
      await confirm(other, person.password).expect(429);

      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
      app.clock.advanceSeconds(1);
      await confirm(other, person.password).expect(204);
    });

    it('is not shut by what strangers tried at POST /login', async () => {
      const { email, password, token } = await signUp(app);
      await failTimes(app, MAX_FAILURES, { email });

      await confirm(token, password).expect(204);
    });

    it('shares its count with logins that show the session, or there would be twice the tries', async () => {
      const { email, token } = await signUp(app);
      for (let time = 0; time < 3; time++) await confirm(token, WRONG).expect(403);
      for (let time = 0; time < 2; time++) {
        await app.post('/login').auth(token, { type: 'bearer' }).send({ email, password: WRONG }).expect(401);
      }

      await confirm(token, WRONG).expect(429);
    });
  });

  describe('POST /me/password', () => {
    it('begins every count of the account anew', async () => {
      const { id, email, password, token } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      await failTimes(app, MAX_FAILURES, { email });
      await failTimes(app, 2, { email, device_token: body.device_token });
      await changePassword(token, WRONG).expect(403);

      await changePassword(token, password).expect(204);

      expect(await app.models.loginFailures.count({ where: { account: id } })).toBe(0);
      await app.post('/login').send({ email, password: NEW }).expect(200);
    });

    it('does not count a new password that is refused', async () => {
      const { email, id, password, token } = await signUp(app);

      for (let time = 0; time < 7; time++) {
        await app
          .post('/me/password')
          .auth(token, { type: 'bearer' })
          .send({ current_password: password, new_password: email })
          .expect(400);
      }

      const rows = await app.models.loginFailures.findAll({ where: { account: id } });
      expect(rows.map(({ failures }) => failures).filter((failures) => failures > 0)).toEqual([]);
      await changePassword(token, password).expect(204);
    });

    it('does not count for whose account is gone', async () => {
      const { password, token } = await signUp(app);
      await remove(token, password).expect(204);
      const counted = await app.models.loginFailures.count();

      await changePassword(token, aPerson().password).expect(401);

      expect(await app.models.loginFailures.count()).toBe(counted);
    });
  });
});
