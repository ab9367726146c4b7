import { describe, expect, it } from '@jest/globals';
import { anAdmin, OPERATOR, userAdminOf } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { failTimes } from '../../support/guessing.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { statementsDuring } from '../../support/queries.ts';
import { openResets, resetTokenOf } from '../../support/reset-tokens.ts';

const as = { type: 'bearer' } as const;

function reset(app: TestApp, token: string, newPassword: string) {
  return app.post('/password/reset').send({ token, new_password: newPassword });
}

onEachDatabase((kind) => {
  describe('POST /password/reset', () => {
    const app = useApp(kind);

    it('answers 204 with no body, and the new password is the only one from then on', async () => {
      const { id, email, password } = await signUp(app);
      const token = await resetTokenOf(app, id);
      app.clock.advanceSeconds(60);
      const next = aPerson().password;

      const response = await reset(app, token, next).expect(204);

      expect(response.text).toBe('');
      expect(response.headers).not.toHaveProperty('set-cookie');
      await app.post('/login').send({ email, password }).expect(401);
      await app.post('/login').send({ email, password: next }).expect(200);
      const user = await app.store.users.findById(id);
      expect(user?.passwordChangedAt).toEqual(new Date(app.clock.now()));
    });

    it('ends all sessions of the user and signs nobody in, and touches nobody else', async () => {
      const [person, stranger] = [await signUp(app), await signUp(app)];
      const { email, password } = person;
      const other = await app.post('/login').send({ email, password }).expect(200);

      await reset(app, await resetTokenOf(app, person.id), aPerson().password).expect(204);

      for (const token of [person.token, other.body.access_token]) {
        expect((await app.get('/verify').auth(token, as).expect(401)).body.code).toBe('token_revoked');
      }
      for (const refresh_token of [person.refreshToken, other.body.refresh_token]) {
        await app.post('/refresh').send({ refresh_token }).expect(401);
      }
      expect(await app.store.sessions.listLive(person.id, new Date(app.clock.now()))).toEqual([]);
      await app.get('/verify').auth(stranger.token, as).expect(200);
      await app.post('/login').send({ email: stranger.email, password: stranger.password }).expect(200);
    });

    it('gives a password to a user who has none yet', async () => {
      const admin = await anAdmin(app);
      const { email, password } = aPerson();
      const made = await app.post('/admin/users').auth(admin.token, as).send({ email }).expect(201);

      await reset(app, await resetTokenOf(app, made.body.user.id), password).expect(204);

      await app.post('/login').send({ email, password }).expect(200);
    });

    it('forgets wrong passwords, as every change of a password does', async () => {
      const { id, email } = await signUp(app);
      await failTimes(app, 5, { email });
      const next = aPerson().password;

      await reset(app, await resetTokenOf(app, id), next).expect(204);

      expect(await app.store.loginFailures.find(id, '')).toBeNull();
      app.clock.advanceSeconds(3600);
      await app.post('/login').send({ email, password: next }).expect(200);
    });

    it('ends a required change of the password, and takes another one than the present for it', async () => {
      const { id, email, password } = await signUp(app);
      await userAdminOf(app).forcePasswordChange(id, OPERATOR);
      const token = await resetTokenOf(app, id);
      const next = aPerson().password;

      const { body } = await reset(app, token, password).expect(400);
      expect(body.errors).toMatchObject([{ pointer: '/new_password', code: 'password_unchanged' }]);
      await reset(app, token, next).expect(204);

      await app.post('/login').send({ email, password: next }).expect(200);
    });

    it('is in the audit log without an actor, and the user sees it', async () => {
      const { id, email } = await signUp(app);
      const token = await resetTokenOf(app, id);
      const next = aPerson().password;

      const response = await reset(app, token, next).expect(204);

      const [event] = await app.store.audit.list({ subjectId: id, type: 'password.reset' }, 1, undefined);
      expect(event).toMatchObject({
        outcome: 'success',
        actor: { type: 'anonymous', id: null },
        sessionId: null,
        requestId: response.headers['x-request-id'],
        details: {},
      });
      const login = await app.post('/login').send({ email, password: next }).expect(200);
      const { body } = await app.get('/me/activity').auth(login.body.access_token, as).expect(200);
      expect(body.events.map(({ type }: { type: string }) => type)).toEqual(
        expect.arrayContaining(['password.reset', 'reset_link.created']),
      );
      const whole = JSON.stringify(await app.models.ledger.findAll({ raw: true }));
      expect(whole).not.toContain(token);
    });

    it('is not recorded and changes nothing where the audit log cannot be written', async () => {
      const { id, email, password } = await signUp(app);
      const token = await resetTokenOf(app, id);
      await app.database.sequelize.query('ALTER TABLE ledger RENAME TO ledger_away');

      await reset(app, token, aPerson().password).expect(500);

      await app.database.sequelize.query('ALTER TABLE ledger_away RENAME TO ledger');
      await app.post('/login').send({ email, password }).expect(200);
      await reset(app, token, aPerson().password).expect(204);
    });

    it('keeps nothing in the database that a thief could use, and nothing in the export', async () => {
      const person = await signUp(app);
      const before = await app.get('/me/export').auth(person.token, as).expect(200);
      const token = await resetTokenOf(app, person.id);

      const { body } = await app.get('/me/export').auth(person.token, as).expect(200);

      const rows = await app.models.challenges.findAll({ raw: true });
      expect(rows).not.toEqual([]);
      expect(JSON.stringify(rows)).not.toContain(token);
      expect(JSON.stringify(body)).not.toContain(token);
      expect(Object.keys(body)).toEqual(Object.keys(before.body));
    });

    it('asks the database once about a token that is wrong, and hashes nothing for it', async () => {
      const statements = await statementsDuring(app, () =>
        reset(app, 'x'.repeat(43), aPerson().password).expect(400),
      );

      expect(statements).toHaveLength(1);
    });
  });

  describe('POST /password/reset many times at once', () => {
    const app = useApp(kind);

    it('answers 204 to exactly one, whose password is the one that counts', async () => {
      for (let round = 0; round < 3; round++) {
        const { id, email } = await signUp(app);
        const token = await resetTokenOf(app, id);
        const passwords = Array.from({ length: 10 }, () => aPerson().password);

        const answers = await Promise.all(passwords.map((password) => reset(app, token, password)));

        const statuses = answers.map(({ status }) => status).sort();
        expect(statuses).toEqual([204, ...Array<number>(9).fill(400)]);
        const winner = passwords[answers.findIndex(({ status }) => status === 204)];
        await app.post('/login').send({ email, password: winner }).expect(200);
        const events = await app.store.audit.list({ subjectId: id, type: 'password.reset' }, 50, undefined);
        expect(events).toHaveLength(1);
      }
    });

    it('answers 204 to at most one of two tokens, whichever was made last', async () => {
      const { id } = await signUp(app);

      const tokens = await Promise.all([resetTokenOf(app, id), resetTokenOf(app, id), resetTokenOf(app, id)]);
      const answers = await Promise.all(tokens.map((token) => reset(app, token, aPerson().password)));

      expect(answers.map(({ status }) => status).sort()).toEqual([204, 400, 400]);
      expect(await openResets(app, id)).toBe(0);
    });
  });
});
