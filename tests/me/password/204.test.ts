import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { aPerson, signUp } from '../../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /me/password', () => {
    const app = useApp(kind);

    async function change(token: string, currentPassword: string, newPassword: string) {
      return app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: currentPassword, new_password: newPassword })
        .expect(204);
    }

    it('answers 204 with no body; the new password logs in, the old one does not', async () => {
      const { email, password, token } = await signUp(app);
      const newPassword = aPerson().password;

      const response = await change(token, password, newPassword);

      expect(response.text).toBe('');
      expect(response.headers).not.toHaveProperty('content-type');
      await app.post('/login').send({ email, password: newPassword }).expect(200);
      await app.post('/login').send({ email, password }).expect(401);
    });

    it('moves updated_at, and nothing else that the account shows', async () => {
      const { password, token } = await signUp(app, { name: 'Ada' });
      const before = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(60);

      await change(token, password, aPerson().password);

      const after = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      expect(after.body.user).toEqual({
        ...before.body.user,
        updated_at: new Date(app.clock.now()).toISOString(),
      });
    });

    it('leaves the password of every other account as it was', async () => {
      const other = await signUp(app);
      const { password, token } = await signUp(app);

      await change(token, password, aPerson().password);

      await app.post('/login').send({ email: other.email, password: other.password }).expect(200);
    });

    it('answers 204 to a new password that differs from the old one only after byte 72', async () => {
      const start = CANARY.padEnd(80, '-');
      const { email, token } = await signUp(app, { password: `${start}A` });

      await change(token, `${start}A`, `${start}B`);

      await app
        .post('/login')
        .send({ email, password: `${start}B` })
        .expect(200);
      await app
        .post('/login')
        .send({ email, password: `${start}A` })
        .expect(401);
    });

    it('answers 204 for a current password whose hash came from another system, and stores the new one as its own', async () => {
      const { id, password, token } = await signUp(app);
      const foreign = await bcrypt.hash(password, 4);
      await app.models.users.update({ passwordHash: foreign }, { where: { id } });

      await change(token, password, aPerson().password);

      expect((await app.models.users.findByPk(id))?.passwordHash).toMatch(/^lk1:/);
    });

    it('answers 204 again and again, each time with the password of the time before', async () => {
      const { email, password, token } = await signUp(app);
      const [second, third] = [aPerson().password, aPerson().password];

      await change(token, password, second);
      await change(token, second, third);

      await app.post('/login').send({ email, password: third }).expect(200);
    });
  });
});
