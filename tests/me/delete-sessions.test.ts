import { describe, expect, it } from '@jest/globals';
import { OPERATOR, userAdminOf } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { recordedRevocations } from '../support/feed.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe.each<[what: string, end: (app: TestApp, person: Awaited<ReturnType<typeof signUp>>) => unknown]>([
    [
      'Deleting an account',
      (app, { token, password }) =>
        app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204),
    ],
    ['Disabling an account', (app, { id }) => userAdminOf(app).disable(id, OPERATOR)],
  ])('%s', (_what, end) => {
    const app = useApp(kind);

    it('ends all its sessions at once, their access tokens and their refresh tokens', async () => {
      const person = await signUp(app);
      const { email, password } = person;
      const { body } = await app.post('/login').send({ email, password }).expect(200);

      await end(app, person);

      for (const token of [person.token, body.access_token]) {
        for (const path of ['/verify', '/me', '/sessions']) {
          const answer = await app.get(path).auth(token, { type: 'bearer' }).expect(401);
          expect(answer.body.code).toBe('token_revoked');
        }
      }
      for (const refreshToken of [person.refreshToken, body.refresh_token]) {
        const answer = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
        expect(answer.body.code).toBe('invalid_refresh_token');
      }
      await app.post('/login').send({ email, password }).expect(401);
    });

    it('ends no other session', async () => {
      const stranger = await signUp(app);

      await end(app, await signUp(app));

      await app.get('/verify').auth(stranger.token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: stranger.refreshToken }).expect(200);
    });

    it('counts for the tokens of the same second, in every process', async () => {
      const person = await signUp(app);

      await end(app, person);

      const recorded = await recordedRevocations(app);
      const issuedAt = Math.floor(app.clock.now() / 1000);
      const ofPerson = recorded.filter(({ subjectId }) => subjectId === person.id);
      expect(ofPerson).toHaveLength(1);
      expect((ofPerson[0]?.notBefore?.getTime() ?? 0) / 1000).toBeGreaterThan(issuedAt);
    });

    it('counts until the last token of it has expired', async () => {
      const person = await signUp(app);
      await end(app, person);

      app.clock.advanceSeconds(903);
      await app.follower.catchUp();
      await app.follower.prune();

      const { body } = await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
    });

    it('while it logs in, refreshes and logs out, leaves no token of it alive', async () => {
      const people = await Promise.all(Array.from({ length: 10 }, () => signUp(app)));

      const tokens = await Promise.all(
        people.map(async (person) => {
          const { email, password, refreshToken } = person;
          const [login, refreshed] = await Promise.all([
            app.post('/login').send({ email, password }),
            app.post('/refresh').send({ refresh_token: refreshToken }),
            end(app, person),
          ]);
          return [login.body, refreshed.body];
        }),
      );

      for (const { access_token, refresh_token } of tokens.flat()) {
        if (access_token === undefined) continue;
        await app.get('/verify').auth(access_token, { type: 'bearer' }).expect(401);
        await app.post('/refresh').send({ refresh_token }).expect(401);
      }
    });
  });

  describe('Disabling an account', () => {
    const app = useApp(kind);

    it('changes nothing a second time, and is refused for an unknown account', async () => {
      const { id } = await signUp(app);

      const { user } = await userAdminOf(app).disable(id, OPERATOR);
      app.clock.advanceSeconds(1);
      const again = await userAdminOf(app).disable(id, OPERATOR);

      expect(user.disabledAt).toBeInstanceOf(Date);
      expect(again.user.disabledAt).toEqual(user.disabledAt);
      const noUser = '01980000-0000-7000-8000-00000000000a';
      const refused = userAdminOf(app).disable(noUser, OPERATOR);
      await expect(refused).rejects.toMatchObject({ code: 'user_not_found' });
    });

    it('lets the person log in some seconds after enabling it, but not with what they had', async () => {
      const { id, email, password, token, refreshToken } = await signUp(app);
      await userAdminOf(app).disable(id, OPERATOR);
      app.clock.advanceSeconds(6);
      await userAdminOf(app).enable(id, OPERATOR);

      const { body } = await app.post('/login').send({ email, password }).expect(200);

      await app.get('/me').auth(body.access_token, { type: 'bearer' }).expect(200);
      await app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
    });
  });

  describe('A login of a disabled account', () => {
    const app = useApp(kind);

    it('starts no session', async () => {
      const { id, email, password } = await signUp(app);
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      const { body } = await app.post('/login').send({ email, password }).expect(401);

      expect(body.code).toBe('invalid_credentials');
      expect(await app.models.sessions.count({ where: { userId: id } })).toBe(1);
    });
  });
});
