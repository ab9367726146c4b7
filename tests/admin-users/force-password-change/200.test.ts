import { describe, expect, it } from '@jest/globals';
import { anAdmin, ledgerOf, type SignedUp } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { type Person, signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;
const PRESENT = `${CANARY} present battery`;
const ANOTHER = `${CANARY} another battery`;

/** A user who has to choose another password. */
async function forced(app: TestApp, details: Partial<Person> = {}): Promise<SignedUp> {
  const person = await signUp(app, details);
  const { token } = await anAdmin(app);
  await app.post(`/admin/users/${person.id}/force-password-change`).auth(token, auth).expect(200);
  return person;
}

function readHash(app: TestApp, id: string): Promise<unknown> {
  return app.models.users.findByPk(id, { attributes: ['passwordHash'], raw: true });
}

onEachDatabase((kind) => {
  describe('POST /admin/users/{id}/force-password-change', () => {
    const app = useApp(kind);

    it('ends all sessions of the user, and no others', async () => {
      const [person, stranger, admin] = [await signUp(app), await signUp(app), await anAdmin(app)];

      const path = `/admin/users/${person.id}/force-password-change`;
      const { body } = await app.post(path).auth(admin.token, auth).expect(200);

      expect(body.user.password_change_required_at).toBe(new Date(app.clock.now()).toISOString());
      await app.get('/verify').auth(person.token, auth).expect(401);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(401);
      await app.get('/verify').auth(stranger.token, auth).expect(200);
      await app.get('/verify').auth(admin.token, auth).expect(200);
    });

    it('makes the tokens and the password of the person useless elsewhere too', async () => {
      const { token, password } = await forced(app);

      const change = { current_password: password, new_password: ANOTHER };
      await app.post('/me/password').auth(token, auth).send(change).expect(401);
      await app.get('/me').auth(token, auth).expect(401);
    });
  });

  describe('POST /login of a user who has to choose another password', () => {
    const app = useApp(kind);

    it('is 403 password_change_required with the right password, and starts no session', async () => {
      const { id, email, password } = await forced(app);

      const { body } = await app.post('/login').send({ email, password }).expect(403);

      expect(body.code).toBe('password_change_required');
      expect(body).not.toHaveProperty('access_token');
      const live = await app.store.sessions.listLive(id, new Date(app.clock.now()));
      expect(live).toEqual([]);
    });

    it('is 401 with a wrong password, with or without a new one, as if no change were required', async () => {
      const { id, email } = await forced(app);
      const before = await readHash(app, id);

      for (const more of [{}, { new_password: ANOTHER }, { new_password: 'short' }]) {
        const body = { email, password: `${CANARY} wrong`, ...more };
        const response = await app.post('/login').send(body).expect(401);
        expect(response.body.code).toBe('invalid_credentials');
      }

      expect(await readHash(app, id)).toEqual(before);
    });

    it('is 200 with a new password, which is the only one from then on', async () => {
      const { id, email, password } = await forced(app);
      app.clock.advanceSeconds(1);

      const change = { email, password, new_password: ANOTHER };
      const { body } = await app.post('/login').send(change).expect(200);

      await app.get('/me').auth(body.access_token, auth).expect(200);
      await app.post('/refresh').send({ refresh_token: body.refresh_token }).expect(200);
      await app.post('/login').send({ email, password }).expect(401);
      await app.post('/login').send({ email, password: ANOTHER }).expect(200);
      const user = await app.store.users.findById(id);
      expect(user?.passwordChangeRequiredAt).toBeNull();
      expect(user?.passwordChangedAt).toEqual(new Date(app.clock.now()));
    });

    it('is 200 with a new password, and shows the account as it is from then on', async () => {
      const { email, password } = await forced(app);
      app.clock.advanceSeconds(1);

      const change = { email, password, new_password: ANOTHER };
      const { body } = await app.post('/login').send(change).expect(200);

      const me = await app.get('/me').auth(body.access_token, auth).expect(200);
      expect(me.body.user).toMatchObject(body.user);
    });

    it.each([
      ['short', 'password_too_short'],
      ['password', 'password_common'],
      ['x'.repeat(257), 'password_too_long'],
    ])('is 400 with the new password %s, and nothing is changed', async (newPassword, code) => {
      const { id, email, password } = await forced(app);
      const before = await readHash(app, id);

      const change = { email, password, new_password: newPassword };
      const { body } = await app.post('/login').send(change).expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/new_password', code }]);
      expect(await readHash(app, id)).toEqual(before);
      expect((await app.post('/login').send({ email, password }).expect(403)).body.code).toBe(
        'password_change_required',
      );
    });

    it('is 400 with their own address as the new password', async () => {
      const { email, password } = await forced(app);

      const { body } = await app.post('/login').send({ email, password, new_password: email }).expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/new_password', code: 'password_personal' }]);
    });

    it('is 400 with the present password as the new one, however it is composed', async () => {
      const { email, password } = await forced(app, { password: `${CANARY} caf\u00e9 staple` });

      for (const same of [password, password.normalize('NFD')]) {
        const { body } = await app.post('/login').send({ email, password, new_password: same }).expect(400);
        expect(body.errors).toMatchObject([{ pointer: '/new_password', code: 'password_unchanged' }]);
      }
    });

    it.each([null, 1, {}, ['x']])('is 400 with the new password %j', async (newPassword) => {
      const { email, password } = await forced(app);

      const body = { email, password, new_password: newPassword };
      const response = await app.post('/login').send(body).expect(400);

      expect(response.body.errors).toMatchObject([{ pointer: '/new_password', code: 'wrong_type' }]);
    });

    it('many times at once changes the password once, and lets in only requests that brought the new one', async () => {
      const { email, password } = await forced(app);
      const passwords = Array.from({ length: 5 }, (_, index) => `${ANOTHER} ${index}`);

      const answers = await Promise.all(
        passwords.map((new_password) => app.post('/login').send({ email, password, new_password })),
      );

      const winners = passwords.filter((_, index) => answers[index]?.status === 200);
      expect(winners).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(4);
      app.clock.advanceSeconds(3600);
      await app.post('/login').send({ email, password: winners[0] }).expect(200);
    });

    it.each([
      ['without a new password', 403, undefined],
      ['with one that is too short', 400, 'short'],
      ['with the present one', 400, PRESENT],
    ])(
      'is in the audit log where the right password is refused %s, and counts as no wrong one',
      async (_what, status, new_password) => {
        const { id, email, password } = await forced(app, { password: PRESENT });

        for (let tries = 0; tries < 6; tries++) {
          const response = await app.post('/login').send({ email, password, new_password }).expect(status);
          const [entry, ...older] = await ledgerOf(app).list(
            { subjectId: id, type: 'login.failed' },
            50,
            undefined,
          );
          expect(older).toHaveLength(tries);
          expect(entry).toMatchObject({
            outcome: 'failure',
            actor: { type: 'anonymous', id: null },
            sessionId: null,
            requestId: response.headers['x-request-id'],
            details: { reason: 'password_change_required' },
          });
        }
        await app.post('/login').send({ email, password, new_password: ANOTHER }).expect(200);
      },
    );

    it('is in the audit log for its reason where the password is wrong as well', async () => {
      const { id, email } = await forced(app);

      await app
        .post('/login')
        .send({ email, password: `${CANARY} wrong` })
        .expect(401);

      const entries = await ledgerOf(app).list({ subjectId: id, type: 'login.failed' }, 50, undefined);
      expect(entries.map(({ details }) => details)).toEqual([{ reason: 'wrong_password' }]);
    });

    it('is in the audit log as a change of the password by the person', async () => {
      const { id, email, password } = await forced(app);

      const change = { email, password, new_password: ANOTHER };
      const response = await app.post('/login').send(change).expect(200);

      const [entry] = await ledgerOf(app).list({ subjectId: id, type: 'password.changed' }, 50, undefined);
      expect(entry).toMatchObject({
        actor: { type: 'user', id },
        requestId: response.headers['x-request-id'],
      });
    });

    it('is 200 with a new password, and the device is known from then on', async () => {
      const { email, password } = await forced(app);
      const change = { email, password, new_password: ANOTHER };
      const { body } = await app.post('/login').send(change).expect(200);

      const wrong = { email, password: `${CANARY} wrong` };
      for (let tries = 0; tries < 5; tries++) await app.post('/login').send(wrong).expect(401);
      await app.post('/login').send({ email, password: ANOTHER }).expect(429);

      const known = { email, password: ANOTHER, device_token: body.device_token };
      await app.post('/login').send(known).expect(200);
    });

    it('is 401 with the right password where the account is disabled as well', async () => {
      const { id, email, password } = await forced(app);
      const { token } = await anAdmin(app);
      await app.post(`/admin/users/${id}/disable`).auth(token, auth).expect(200);

      const change = { email, password, new_password: ANOTHER };
      for (const body of [{ email, password }, change]) {
        await app.post('/login').send(body).expect(401);
      }
    });
  });

  describe('POST /login of a user who may keep their password', () => {
    const app = useApp(kind);

    it('is 400 where a new one is sent along, and changes nothing', async () => {
      const { email, password } = await signUp(app);

      const { body } = await app.post('/login').send({ email, password, new_password: ANOTHER }).expect(400);
      expect(body.errors).toMatchObject([{ pointer: '/new_password', code: 'password_not_demanded' }]);

      await app.post('/login').send({ email, password }).expect(200);
      await app.post('/login').send({ email, password: ANOTHER }).expect(401);
    });

    it('is in the audit log where a new one is sent along, since the right password was found out', async () => {
      const { id, email, password } = await signUp(app);

      await app.post('/login').send({ email, password, new_password: ANOTHER }).expect(400);

      const entries = await ledgerOf(app).list({ subjectId: id, type: 'login.failed' }, 50, undefined);
      expect(entries.map(({ details }) => details)).toEqual([{ reason: 'password_not_demanded' }]);
    });
  });
});
