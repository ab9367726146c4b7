import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { aPerson, signUp } from '../../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /me/password', () => {
    const app = useApp(kind);

    function change(token: string, currentPassword: string, newPassword: string) {
      return app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: currentPassword, new_password: newPassword });
    }

    it('answers 403 to a wrong current password, and the password stays as it is', async () => {
      const { email, password, token } = await signUp(app);
      const newPassword = aPerson().password;

      const response = await change(token, `${CANARY} wrong`, newPassword).expect(403);

      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 403, code: 'wrong_password' });
      // The token is good: a challenge would make clients throw it away.
      expect(response.headers).not.toHaveProperty('www-authenticate');
      await app.post('/login').send({ email, password }).expect(200);
      await app.post('/login').send({ email, password: newPassword }).expect(401);
    });

    it('answers 403 to an account without a password, which cannot be set this way', async () => {
      const { id, password, token } = await signUp(app);
      await app.models.users.update({ passwordHash: null }, { where: { id } });

      await change(token, password, aPerson().password).expect(403);
      await change(token, '', aPerson().password).expect(403);

      expect((await app.models.users.findByPk(id))?.passwordHash).toBeNull();
    });

    it('answers 403 to a password that was right until it was changed', async () => {
      const { password, token } = await signUp(app);
      await change(token, password, aPerson().password).expect(204);

      await change(token, password, aPerson().password).expect(403);
    });

    it('answers 403 to one of two who change the same password at once, and only the other one counts', async () => {
      const { email, password, token } = await signUp(app);
      const wanted = [aPerson().password, aPerson().password];

      const responses = await Promise.all(wanted.map((newPassword) => change(token, password, newPassword)));

      expect(responses.map((response) => response.status).sort()).toEqual([204, 403]);
      for (const [index, newPassword] of wanted.entries()) {
        const won = responses[index]?.status === 204;
        await app
          .post('/login')
          .send({ email, password: newPassword })
          .expect(won ? 200 : 401);
      }
    });

    it('answers 403 to all but one of ten who change the same password at once', async () => {
      const { password, token } = await signUp(app);

      const responses = await Promise.all(
        Array.from({ length: 10 }, () => change(token, password, aPerson().password)),
      );

      const [won, ...lost] = responses.map((response) => response.status).sort();
      expect(won).toBe(204);
      // For the others the password they give is wrong by now, and after five wrong ones there is a delay.
      expect(lost.filter((status) => status !== 403 && status !== 429)).toEqual([]);
    });
  });
});
