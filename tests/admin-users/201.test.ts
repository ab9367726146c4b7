import { describe, expect, it } from '@jest/globals';
import { anAdmin, aRole } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername } from '../support/people.ts';

const auth = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('POST /admin/users', () => {
    const app = useApp(kind);

    it('answers 201 with the user, where they are, and what they may do', async () => {
      const { token } = await anAdmin(app);
      const role = await aRole(app, ['users:read']);
      const { email, password } = aPerson();
      const username = aUsername();

      const body = { email, password, username, name: 'Grace', email_verified: true, roles: ['user', role] };
      const created = await app.post('/admin/users').auth(token, auth).send(body).expect(201);

      const { user } = created.body;
      expect(user).toMatchObject({
        email,
        username,
        name: 'Grace',
        email_verified: true,
        has_password: true,
      });
      expect(user.roles).toEqual([role, 'user'].sort());
      expect(created.headers.location).toBe(`/admin/users/${user.id}`);
      const read = await app.get(`/admin/users/${user.id}`).auth(token, auth).expect(200);
      expect(read.body).toEqual(created.body);
      const login = await app.post('/login').send({ username, password }).expect(200);
      await app.get(`/admin/users/${user.id}`).auth(login.body.access_token, auth).expect(200);
    });

    it('gives the role user where the field is missing, and no role where the list is empty', async () => {
      const { token } = await anAdmin(app);

      for (const [given, roles] of [
        [{}, ['user']],
        [{ roles: [] }, []],
        [{ roles: ['user', 'user'] }, ['user']],
      ] as const) {
        const body = { email: aPerson().email, ...given };
        const created = await app.post('/admin/users').auth(token, auth).send(body).expect(201);
        expect(created.body.user.roles).toEqual(roles);
      }
    });

    it('answers 201 without a password, and every login is refused as for an unknown account', async () => {
      const { token } = await anAdmin(app);
      const { email, password } = aPerson();

      const created = await app.post('/admin/users').auth(token, auth).send({ email }).expect(201);

      expect(created.body.user).toMatchObject({ has_password: false, password_changed_at: null });
      for (const tried of [password, '', 'null', 'undefined']) {
        const known = await app.post('/login').send({ email, password: tried }).expect(401);
        const unknown = await app
          .post('/login')
          .send({ email: aPerson().email, password: tried })
          .expect(401);
        const { instance: _known, ...rest } = known.body;
        expect(unknown.body).toMatchObject(rest);
        expect(Object.keys(unknown.headers).sort()).toEqual(Object.keys(known.headers).sort());
      }
      const withNewOne = { email, password: '', new_password: password };
      await app.post('/login').send(withNewOne).expect(401);
    });
  });
});
