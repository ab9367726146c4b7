import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { times } from '../../support/extent.ts';
import { aPerson, signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;

describe('POST /me/reauthenticate', () => {
  const app = useApp('SQLite', { LOGIN_FREE_FAILURES: '3' });
  const prove = (token: string, body: object) => app.post('/me/reauthenticate').auth(token, as).send(body);

  it('answers 403 to a wrong password, and raises nothing', async () => {
    const { id, token, refreshToken } = await signUp(app);
    const { auth_time: authTime } = claimsIn(token);
    app.clock.advanceSeconds(60);

    const { body } = await prove(token, { password: aPerson().password });

    expect(body.code).toBe('wrong_password');
    const { body: tokens } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    expect(claimsIn(tokens.access_token).auth_time).toBe(authTime);
    const events = await app.store.audit.list({ subjectId: id, type: 'password.refused' }, 5, undefined);
    expect(events).toMatchObject([{ outcome: 'failure', details: { reason: 'wrong_password' } }]);
  });

  it('answers 429 after too many wrong passwords, also to the right one', async () => {
    const { token, password } = await signUp(app);
    for (let count = 0; count < 3; count++) await prove(token, { password: aPerson().password });

    const { body, headers } = await prove(token, { password }).expect(429);

    expect(body).toMatchObject({ code: 'rate_limited', policy: 'login-account' });
    app.clock.advanceSeconds(Number(headers['retry-after']));
    await prove(token, { password }).expect(200);
  });

  it('answers 403 to the user of an account without a password', async () => {
    const { id, token, password } = await signUp(app);
    await app.models.users.update({ passwordHash: null }, { where: { id } });

    const { body } = await prove(token, { password });

    expect(body.code).toBe('wrong_password');
  });

  it('answers 403 to an API key, which is no session that could be raised', async () => {
    const { token, password } = await signUp(app);
    const { key } = await makeKey(app, token);

    const { body } = await prove(key, { password }).expect(403);

    expect(body.code).toBe('session_required');
  });

  it.each([{}, { password: 1 }, { password: 'x', code: '123456', extra: true }])(
    'answers 400 to %j',
    async (body) => {
      const { token } = await signUp(app);

      await prove(token, body).expect(400);
    },
  );
});

onEachDatabase((kind) => {
  describe('POST /me/reauthenticate', () => {
    const app = useApp(kind);

    it('never wins a race against a logout', async () => {
      for (let round = 0; round < times(4, 20); round++) {
        const { token, refreshToken, password } = await signUp(app);

        const [raised] = await Promise.all([
          app.post('/me/reauthenticate').auth(token, as).send({ password }),
          app.post('/logout').auth(token, as).expect(204),
        ]);

        if (raised.status !== 200) expect(raised.body.code).toBe('token_revoked');
        await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
        await app
          .get('/me')
          .auth(raised.body.access_token ?? token, as)
          .expect(401);
      }
    });

    it('raises nothing by a password that is replaced at the same time', async () => {
      for (let round = 0; round < times(2, 20); round++) {
        const { id, email, token, password } = await signUp(app);
        const other = await app.post('/login').send({ email, password }).expect(200);
        app.clock.advanceSeconds(60);
        const newPassword = aPerson().password;

        const [raised, changed] = await Promise.all([
          app.post('/me/reauthenticate').auth(other.body.access_token, as).send({ password }),
          app
            .post('/me/password')
            .auth(token, as)
            .send({ current_password: password, new_password: newPassword }),
        ]);

        expect(changed.status).toBe(204);
        expect([200, 401, 403]).toContain(raised.status);
        // The change has ended the other session, whichever came first.
        expect(await app.store.sessions.listLive(id, new Date(app.clock.now()))).toHaveLength(1);
      }
    });
  });
});
