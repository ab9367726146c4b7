import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { withoutLedger } from '../support/audit.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('What cannot be recorded does not happen:', () => {
    const app = useApp(kind);

    async function fail(method: 'post' | 'patch' | 'delete', path: string, body: object, token?: string) {
      await withoutLedger(app, async () => {
        const request =
          token === undefined ? app[method](path) : app[method](path).auth(token, { type: 'bearer' });
        const response = await request.send(body).expect(500);
        expect(response.body.code).toBe('internal_error');
      });
      await app.follower.catchUp();
    }

    const verify = (token: string) => app.get('/verify').auth(token, { type: 'bearer' });

    it('a sign-up leaves no account behind', async () => {
      const person = aPerson();

      await fail('post', '/signup', person);

      expect(await app.store.users.findByEmail(person.email)).toBeNull();
      await app.post('/signup').send(person).expect(201);
    });

    it('a login leaves no session behind', async () => {
      const { id, email, password } = await signUp(app);

      await fail('post', '/login', { email, password });

      expect(await app.models.sessions.count({ where: { userId: id } })).toBe(1);
    });

    it('a failed login is not answered as one', async () => {
      const { email } = await signUp(app);

      await fail('post', '/login', { email, password: `${CANARY} wrong` });
    });

    it('a logout leaves the session alive, in this process too', async () => {
      const { token, refreshToken } = await signUp(app);

      await fail('post', '/logout', {}, token);

      await verify(token).expect(200);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    });

    it('the end of another session leaves it alive', async () => {
      const { token, email, password, sessionId } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);

      await fail('delete', `/sessions/${sessionId}`, {}, body.access_token);

      await verify(token).expect(200);
    });

    it('a refresh token used twice ends nothing, and is refused', async () => {
      const { token, refreshToken } = await signUp(app);
      const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
      await app.post('/refresh').send({ refresh_token: body.refresh_token }).expect(200);
      app.clock.advanceSeconds(11);

      await fail('post', '/refresh', { refresh_token: refreshToken });

      await verify(token).expect(200);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
    });

    it('a change of the password leaves the old one, and the other sessions', async () => {
      const { token, email, password } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      const next = `${CANARY} another horse`;

      await fail('post', '/me/password', { current_password: password, new_password: next }, token);

      await verify(body.access_token).expect(200);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('a deletion leaves the account', async () => {
      const { token, password } = await signUp(app);

      await fail('delete', '/me', { password }, token);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });

    it('a change of the profile leaves it as it was', async () => {
      const { token } = await signUp(app, { name: 'Before' });

      await fail('patch', '/me', { name: 'After' }, token);

      const { body } = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      expect(body.user.name).toBe('Before');
    });

    it('an API key is not made, and one that is there is not deleted', async () => {
      const { id: userId, token } = await signUp(app);
      const { id, key } = await makeKey(app, token);

      await fail('post', '/api-keys', { name: 'other' }, token);
      await fail('delete', `/api-keys/${id}`, {}, token);

      expect(await app.models.apiKeys.count({ where: { userId } })).toBe(1);
      expect(await app.models.revocations.count({ where: { subjectId: id } })).toBe(0);
      await verify(key).expect(200);
    });
  });
});
