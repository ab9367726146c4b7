import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /api-keys', () => {
    const app = useApp(kind);

    it('answers 403 to a scope that the caller does not hold, and names what is missing', async () => {
      const { token } = await signUp(app);

      const response = await app
        .post('/api-keys')
        .auth(token, { type: 'bearer' })
        .send({ name: 'k', scope: 'users:list' })
        .expect(403);

      expect(response.body).toMatchObject({ code: 'insufficient_scope' });
      expect(response.headers['www-authenticate']).toContain('error="insufficient_scope"');
      expect(response.headers['www-authenticate']).toContain('scope="users:list"');
      expect(await app.models.apiKeys.count()).toBe(0);
    });

    it('answers 403 to a scope of which the caller holds only a part', async () => {
      const { token } = await anAdmin(app);

      const response = await app
        .post('/api-keys')
        .auth(token, { type: 'bearer' })
        .send({ name: 'k', scope: 'users:list users:own-the-world' })
        .expect(403);

      expect(response.headers['www-authenticate']).toContain('scope="users:own-the-world"');
    });
  });

  describe('An API key that asks for API keys', () => {
    const app = useApp(kind);

    it('hears 403 whatever it wants to do with them, or it would outlive its own end', async () => {
      const { token } = await anAdmin(app);
      const { id, key } = await makeKey(app, token);

      const answers = [
        await app.post('/api-keys').auth(key, { type: 'bearer' }).send({ name: 'next' }),
        await app.get('/api-keys').auth(key, { type: 'bearer' }),
        await app.get(`/api-keys/${id}`).auth(key, { type: 'bearer' }),
        await app.delete(`/api-keys/${id}`).auth(key, { type: 'bearer' }),
      ];

      expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
        Array.from({ length: 4 }, () => [403, 'session_required']),
      );
      expect(await app.models.apiKeys.count()).toBe(1);
      await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);
    });

    it('hears 403 where the password is asked for again, or a maker of keys could guess with each', async () => {
      const { id, token, password } = await signUp(app);
      const { key } = await makeKey(app, token);

      const answers = [
        await app
          .post('/me/password')
          .auth(key, { type: 'bearer' })
          .send({ current_password: password, new_password: `${CANARY} another one to be had` }),
        await app.delete('/me').auth(key, { type: 'bearer' }).send({ password }),
        await app.delete('/me').auth(key, { type: 'bearer' }).send({ password: 'wrong' }),
      ];

      expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
        Array.from({ length: 3 }, () => [403, 'session_required']),
      );
      expect(await app.models.loginFailures.count({ where: { account: id } })).toBe(0);
    });

    it('hears 403 before its body is even looked at', async () => {
      const { token } = await signUp(app);
      const { key } = await makeKey(app, token);

      const { body } = await app
        .post('/api-keys')
        .auth(key, { type: 'bearer' })
        .send({ nonsense: 1 })
        .expect(403);

      expect(body.code).toBe('session_required');
    });
  });
});
