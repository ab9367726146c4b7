import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { loginOf } from '../../support/logins.ts';
import { aPerson, signUp } from '../../support/people.ts';

const NOWHERE = { userAgent: null, ip: null, network: 'unknown', requestId: null, clientRequestId: null };

onEachDatabase((kind) => {
  describe('A change of the password', () => {
    const app = useApp(kind);

    function change(token: string, currentPassword: string, newPassword: string) {
      return app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: currentPassword, new_password: newPassword });
    }

    /** A user with two sessions. */
    async function logInTwice() {
      const person = await signUp(app);
      const { email, password } = person;
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      return { ...person, other: body as { access_token: string; refresh_token: string } };
    }

    it('ends all other sessions at once, their access tokens and their refresh tokens', async () => {
      const { token, password, other } = await logInTwice();

      await change(token, password, aPerson().password).expect(204);

      const { body } = await app.get('/verify').auth(other.access_token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
      await app.post('/refresh').send({ refresh_token: other.refresh_token }).expect(401);
    });

    it('keeps the session that it came from', async () => {
      const { token, refreshToken, sessionId, password } = await logInTwice();

      await change(token, password, aPerson().password).expect(204);

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
      const { body } = await app.get('/sessions').auth(token, { type: 'bearer' }).expect(200);
      expect(body.sessions.map(({ id }: { id: string }) => id)).toEqual([sessionId]);
    });

    it('says in the database why the others ended', async () => {
      const { id, token, password } = await logInTwice();

      await change(token, password, aPerson().password).expect(204);

      const rows = await app.models.sessions.findAll({ where: { userId: id }, order: ['id'] });
      expect(rows.map(({ revokedReason }) => revokedReason).sort()).toEqual(
        ['password_changed', null].sort(),
      );
    });

    it('that is refused ends nothing', async () => {
      const { token, password, other } = await logInTwice();

      await change(token, aPerson().password, aPerson().password).expect(403);
      await change(token, password, 'short').expect(400);

      await app.get('/verify').auth(other.access_token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: other.refresh_token }).expect(200);
    });

    it('ends no sessions of other users', async () => {
      const stranger = await signUp(app);
      const { token, password } = await logInTwice();

      await change(token, password, aPerson().password).expect(204);

      await app.get('/verify').auth(stranger.token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: stranger.refreshToken }).expect(200);
    });

    it('leaves no session to a login with the old password that was under way', async () => {
      const person = await signUp(app);
      const { email, password } = person;
      const logIn = loginThatPausesAfterTheCheck(app, () =>
        change(person.token, password, aPerson().password).expect(204),
      );

      const login = await logIn(
        { identifier: email, password },
        { transport: 'token', origin: NOWHERE },
      ).then(
        ({ grant }) => grant,
        () => null,
      );

      const { body } = await app.get('/sessions').auth(person.token, { type: 'bearer' }).expect(200);
      expect(body.sessions.map(({ id }: { id: string }) => id)).toEqual([person.sessionId]);
      expect(login).toBeNull();
    });
  });
});

/** The login of the app, with something else happening between the check of a password and what follows. */
function loginThatPausesAfterTheCheck(app: TestApp, meanwhile: () => PromiseLike<unknown>) {
  return loginOf(app, (passwords) => ({
    ...passwords,
    verify: async (...given) => {
      const verdict = await passwords.verify(...given);
      await meanwhile();
      return verdict;
    },
  }));
}
