import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe.each([
    ['delete', '/me'],
    ['post', '/me/delete'],
  ] as const)('Deleting an account by %s %s', (method, path) => {
    const app = useApp(kind);

    async function expectRefusal(token: string, password: string) {
      const response = await app[method](path).auth(token, { type: 'bearer' }).send({ password }).expect(403);
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 403, code: 'wrong_password' });
      // The token is good: a challenge would make clients throw it away.
      expect(response.headers).not.toHaveProperty('www-authenticate');
      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    }

    it('answers 403 to a wrong password, and the account stays', async () => {
      const { token, email, password } = await signUp(app);

      await expectRefusal(token, `${CANARY} wrong`);
      await expectRefusal(token, '');

      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 403 to no password where the account has one, however recent the sign-in is', async () => {
      const { token, email, password } = await signUp(app);

      const { body } = await app[method](path).auth(token, { type: 'bearer' }).send({}).expect(403);
      await app[method](path).auth(token, { type: 'bearer' }).expect(403);

      expect(body.code).toBe('wrong_password');
      await app.post('/login').send({ email, password }).expect(200);
    });

    it("answers 403 to another user's password", async () => {
      const other = await signUp(app);
      const { token } = await signUp(app);

      await expectRefusal(token, other.password);
    });

    it('answers 403 to any password of an account that has none', async () => {
      const { id, token, password } = await signUp(app);
      await app.models.users.update({ passwordHash: null }, { where: { id } });

      await expectRefusal(token, password);
      await expectRefusal(token, '');
    });
  });
});
