import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('DELETE /admin/users/{id}', () => {
    const app = useApp(kind);

    it('ends everything of the user at once', async () => {
      const admin = await anAdmin(app);
      const { id, email, password, token, refreshToken } = await signUp(app);

      await app.delete(`/admin/users/${id}`).auth(admin.token, auth).expect(204);

      for (const path of ['/me', '/verify', '/sessions']) {
        const { body } = await app.get(path).auth(token, auth).expect(401);
        expect(body.code).toBe('token_revoked');
      }
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      await app.post('/login').send({ email, password }).expect(401);
    });

    it('leaves no row of theirs but in the audit log', async () => {
      const admin = await anAdmin(app);
      const { id, email } = await signUp(app);
      await app.post('/login').send({ email, password: 'canary wrong' }).expect(401);

      await app.delete(`/admin/users/${id}`).auth(admin.token, auth).expect(204);

      const { users, sessions, userRoles, loginFailures, ledger } = app.models;
      expect(await users.count({ where: { id } })).toBe(0);
      expect(await sessions.count({ where: { userId: id } })).toBe(0);
      expect(await userRoles.count({ where: { userId: id } })).toBe(0);
      expect(await loginFailures.count({ where: { account: id } })).toBe(0);
      expect(await ledger.count({ where: { subjectId: id, type: 'user.deleted' } })).toBe(1);
    });

    it('lets another person take the address, who inherits nothing', async () => {
      const admin = await anAdmin(app);
      const person = await anAdmin(app);

      await app.delete(`/admin/users/${person.id}`).auth(admin.token, auth).expect(204);

      const { email } = person;
      const again = await signUp(app, { email });
      expect(again.id).not.toBe(person.id);
      await app.get('/admin/users').auth(again.token, auth).expect(403);
    });

    it('answers 204 for a user who is disabled, or has no password', async () => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      await app.post(`/admin/users/${id}/disable`).auth(token, auth).expect(200);
      const email = 'without-a-password@example.com';
      const created = await app.post('/admin/users').auth(token, auth).send({ email }).expect(201);

      for (const gone of [id, created.body.user.id]) {
        await app.delete(`/admin/users/${gone}`).auth(token, auth).expect(204);
        await app.get(`/admin/users/${gone}`).auth(token, auth).expect(404);
      }
    });
  });
});
