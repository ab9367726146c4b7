import { describe, expect, it } from '@jest/globals';
import { anAdmin, aRole, countAdmins, forgetAdmins, OPERATOR, userAdminOf } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('A conflict below /admin/users', () => {
    const app = useApp(kind);

    it.each([
      ['email_taken', 'email'],
      ['username_taken', 'username'],
    ] as const)('answers 409 %s to a new user with the %s of member, in capitals', async (code, field) => {
      const { token } = await anAdmin(app);
      const member = await signUp(app, { username: aUsername() });
      const taken = { [field]: member[field]?.toUpperCase() };

      const body = { email: aPerson().email, ...taken };
      const response = await app.post('/admin/users').auth(token, { type: 'bearer' }).send(body).expect(409);

      expect(response.body.code).toBe(code);
    });

    it.each([
      ['email_taken', 'email'],
      ['username_taken', 'username'],
    ] as const)(
      'answers 409 %s to a change to the %s of member else, and changes nothing',
      async (code, field) => {
        const { token } = await anAdmin(app);
        const member = await signUp(app, { username: aUsername() });
        const { id } = await signUp(app, { name: 'Before' });
        const path = `/admin/users/${id}`;
        const before = await app.get(path).auth(token, { type: 'bearer' }).expect(200);

        const change = { name: 'After', [field]: member[field]?.toUpperCase() };
        const response = await app.patch(path).auth(token, { type: 'bearer' }).send(change).expect(409);

        expect(response.body.code).toBe(code);
        const { body } = await app.get(path).auth(token, { type: 'bearer' }).expect(200);
        expect(body).toEqual(before.body);
      },
    );

    it('answers 409 unknown_role to a new user with an unknown role, and creates none', async () => {
      const { token } = await anAdmin(app);
      const { email } = aPerson();

      const body = { email, roles: ['user', 'no-such-role'] };
      const response = await app.post('/admin/users').auth(token, { type: 'bearer' }).send(body).expect(409);

      expect(response.body.code).toBe('unknown_role');
      expect(await app.models.users.count({ where: { email } })).toBe(0);
    });

    it('answers 409 unknown_role to a list with one unknown role, and keeps the old ones', async () => {
      const { token } = await anAdmin(app);
      const { id, token: old } = await signUp(app);

      const given = app.put(`/admin/users/${id}/roles`).auth(token, { type: 'bearer' });
      const response = await given.send({ roles: ['no-such-role', 'admin'] }).expect(409);

      expect(response.body.code).toBe('unknown_role');
      expect((await app.store.userRoles.rolesOf([id])).get(id)).toEqual(['user']);
      await app.get('/me').auth(old, { type: 'bearer' }).expect(200);
    });

    it('answers 409 scope_too_large to roles that together may do more than fits into a token', async () => {
      const { token } = await anAdmin(app);
      const roles: string[] = [];
      for (const letter of ['a', 'b']) {
        const permissions = Array.from({ length: 20 }, (_, n) => `${letter}${n}:`.padEnd(120, letter));
        const at = new Date(app.clock.now());
        await app.models.permissions.bulkCreate(
          permissions.map((name) => ({ name, description: null, createdAt: at })),
        );
        roles.push(await aRole(app, permissions));
      }
      const { id } = await signUp(app);

      const given = app.put(`/admin/users/${id}/roles`).auth(token, { type: 'bearer' }).send({ roles });
      expect((await given.expect(409)).body.code).toBe('scope_too_large');
      const body = { email: aPerson().email, roles };
      const created = app.post('/admin/users').auth(token, { type: 'bearer' }).send(body);
      expect((await created.expect(409)).body.code).toBe('scope_too_large');
    });
  });

  describe('Taking the last administrator away', () => {
    const app = useApp(kind);

    async function theLastAdmin() {
      await forgetAdmins(app);
      return anAdmin(app);
    }

    it('answers 409 last_admin to taking their role', async () => {
      const { id, token } = await theLastAdmin();

      const taken = app.put(`/admin/users/${id}/roles`).auth(token, { type: 'bearer' });
      const { body } = await taken.send({ roles: ['user'] }).expect(409);

      expect(body.code).toBe('last_admin');
      expect((await app.store.userRoles.rolesOf([id])).get(id)).toEqual(['admin', 'user']);
      await app.get('/admin/users').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 409 last_admin to disabling them', async () => {
      const { id, token } = await theLastAdmin();

      const { body } = await app
        .post(`/admin/users/${id}/disable`)
        .auth(token, { type: 'bearer' })
        .expect(409);

      expect(body.code).toBe('last_admin');
      await app.get('/admin/users').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 409 last_admin to deleting them', async () => {
      const { id, token } = await theLastAdmin();

      const { body } = await app.delete(`/admin/users/${id}`).auth(token, { type: 'bearer' }).expect(409);

      expect(body.code).toBe('last_admin');
      await app.get('/admin/users').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 409 last_admin to deleting their own account', async () => {
      const { token, password } = await theLastAdmin();

      const removed = app.delete('/me').auth(token, { type: 'bearer' }).send({ password });

      expect((await removed.expect(409)).body.code).toBe('last_admin');
      await app.get('/admin/users').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 409 last_admin where the only other one is disabled', async () => {
      const { id, token } = await theLastAdmin();
      const other = await anAdmin(app);
      await userAdminOf(app).disable(other.id, OPERATOR);

      const response = await app.post(`/admin/users/${id}/disable`).auth(token, { type: 'bearer' });

      expect(response.body.code).toBe('last_admin');
      expect(await countAdmins(app)).toBe(1);
    });

    it('is refused at the command line as well', async () => {
      const { id } = await theLastAdmin();
      const users = userAdminOf(app);

      await expect(users.disable(id, OPERATOR)).rejects.toMatchObject({ code: 'last_admin' });
      await expect(users.remove(id, OPERATOR)).rejects.toMatchObject({ code: 'last_admin' });
      await expect(users.setRoles(id, [], OPERATOR)).rejects.toMatchObject({ code: 'last_admin' });
    });

    it('is allowed where there is another one', async () => {
      const { token } = await theLastAdmin();
      const auth = { type: 'bearer' } as const;
      const [first, second, third, fourth] = [
        await anAdmin(app),
        await anAdmin(app),
        await anAdmin(app),
        await anAdmin(app),
      ];

      await app.put(`/admin/users/${first.id}/roles`).auth(token, auth).send({ roles: [] }).expect(200);
      await app.post(`/admin/users/${second.id}/disable`).auth(token, auth).expect(200);
      await app.delete(`/admin/users/${third.id}`).auth(token, auth).expect(204);
      const { password } = fourth;
      await app.delete('/me').auth(fourth.token, auth).send({ password }).expect(204);

      expect(await countAdmins(app)).toBe(1);
    });
  });
});
