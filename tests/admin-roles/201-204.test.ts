import { beforeAll, describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { aRoleName, entriesAbout, logIn, makeRole, signUpWith } from '../support/roles.ts';

onEachDatabase((kind) => {
  const app = useApp(kind);
  let admin: Awaited<ReturnType<typeof signUpWith>>;
  beforeAll(async () => {
    admin = await signUpWith(app, ['admin']);
  });

  const post = (body: object) => app.post('/admin/roles').auth(admin.token, { type: 'bearer' }).send(body);
  const remove = (path: string) => app.delete(`/admin/roles/${path}`).auth(admin.token, { type: 'bearer' });

  describe('POST /admin/roles', () => {
    it('answers 201 with the role and where it is, and records who made it', async () => {
      const name = aRoleName();
      const permissions = ['users:read', 'users:list', 'users:read'];

      const response = await post({ name, description: ' May look ', permissions }).expect(201);

      const at = new Date(app.clock.now()).toISOString();
      const role = {
        name,
        description: 'May look',
        permissions: ['users:list', 'users:read'],
        created_at: at,
        updated_at: at,
      };
      expect(response.headers.location).toBe(`/admin/roles/${name}`);
      expect(response.body).toEqual({ role });
      const read = await app.get(response.headers.location ?? '').auth(admin.token, { type: 'bearer' });
      expect(read.body).toEqual({ role });
      expect(await entriesAbout(app, name)).toEqual([
        {
          type: 'role.created',
          outcome: 'success',
          actor: { type: 'user', id: admin.id },
          details: { permissions: role.permissions },
        },
      ]);
    });

    it('answers 201 to a name alone: a role that may do nothing', async () => {
      const { body } = await post({ name: aRoleName() }).expect(201);

      expect(body.role).toMatchObject({ description: null, permissions: [] });
    });

    it('answers 201 to one of ten who race for a name', async () => {
      const name = aRoleName();

      const answers = await Promise.all(Array.from({ length: 10 }, () => post({ name })));

      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
      expect(await entriesAbout(app, name)).toHaveLength(1);
    });

    it('answers 201 with a role that counts from the next login on', async () => {
      const person = await signUp(app);
      const name = aRoleName();
      await post({ name, permissions: ['users:read'] }).expect(201);
      await app.store.userRoles.add(person.id, [name]);

      const { roles, scope } = claimsIn((await logIn(app, person)).token);

      expect({ roles, scope }).toEqual({ roles: [name, 'user'].sort(), scope: 'users:read' });
    });
  });

  describe('DELETE /admin/roles/{name}', () => {
    it('answers 204 where no user has the role, and records who deleted it', async () => {
      const name = await makeRole(app, ['users:read']);

      const response = await remove(name).expect(204);

      expect(response.text).toBe('');
      expect(await app.store.roles.find(name)).toBeNull();
      expect(await entriesAbout(app, name)).toEqual([
        {
          type: 'role.deleted',
          outcome: 'success',
          actor: { type: 'user', id: admin.id },
          details: { permissions: ['users:read'], forced: false },
        },
      ]);
    });

    it('answers 204 with force=true where users have it, who lose it and keep the session', async () => {
      const name = await makeRole(app, ['users:read']);
      const person = await signUpWith(app, [name]);
      expect(claimsIn(person.token).scope).toBe('users:read');

      await remove(`${name}?force=true`).expect(204);

      const refused = await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(401);
      expect(refused.body.code).toBe('token_revoked');
      const { body } = await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
      expect(claimsIn(body.access_token)).toMatchObject({ roles: ['user'], scope: '' });
      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
    });

    it('lets no token with the role count for a role that later has its name', async () => {
      const name = await makeRole(app, ['users:read']);
      const person = await signUpWith(app, [name]);
      await remove(`${name}?force=true`).expect(204);

      // The clock stands still, so only the version can tell the two apart.
      await post({ name, permissions: ['users:delete'] }).expect(201);

      await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(401);
      const other = await signUpWith(app, [name]);
      await app.get('/verify').auth(other.token, { type: 'bearer' }).expect(200);
    });

    it('lets the name be used again by ten who delete and make it at once, with tokens that count', async () => {
      const name = await makeRole(app, ['users:read']);

      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 ? post({ name }) : remove(`${name}?force=true`))),
      );
      for (const { status } of answers) expect([201, 204, 404, 409]).toContain(status);
      if ((await app.store.roles.find(name)) === null) await post({ name }).expect(201);

      const person = await signUpWith(app, [name]);
      await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(200);
    });

    it('answers 204 for a role that more users have than one transaction can take it from', async () => {
      const name = await makeRole(app, ['users:read']);
      const person = await signUpWith(app, [name]);
      const { users, userRoles } = app.models;
      const at = new Date();
      const ids = Array.from({ length: 5_100 }, (_, index) => `many-${index}`);
      const times = { createdAt: at, updatedAt: at };
      await users.bulkCreate(ids.map((id) => ({ id, email: id, emailCanonical: id, ...times })));
      await userRoles.bulkCreate(ids.map((userId) => ({ userId, role: name })));
      await remove(name).expect(409);

      await remove(`${name}?force=true`).expect(204);

      expect(await userRoles.count({ where: { role: name } })).toBe(0);
      const entries = await entriesAbout(app, name);
      expect(entries.map(({ type }) => type)).toEqual(['role.deleted']);
      await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(401);
    });
  });
});
