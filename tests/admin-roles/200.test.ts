import { beforeAll, describe, expect, it } from '@jest/globals';
import { ROLES } from '../../config/baseline.cjs';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import {
  aPermissionName,
  aRoleName,
  entriesAbout,
  makePermissions,
  makeRole,
  signUpWith,
} from '../support/roles.ts';

onEachDatabase((kind) => {
  const app = useApp(kind);
  let admin: Awaited<ReturnType<typeof signUpWith>>;
  beforeAll(async () => {
    admin = await signUpWith(app, ['admin']);
  });

  const get = (path: string) => app.get(path).auth(admin.token, { type: 'bearer' });
  const patch = (name: string, body: object) =>
    app.patch(`/admin/roles/${name}`).auth(admin.token, { type: 'bearer' }).send(body);

  /** The admin's token ends where the role admin changes. */
  async function renewAdmin(): Promise<void> {
    const { body } = await app.post('/refresh').send({ refresh_token: admin.refreshToken }).expect(200);
    admin = { ...admin, token: body.access_token, refreshToken: body.refresh_token };
  }

  describe('GET /admin/roles', () => {
    it('answers 200 with the roles that the service knows, each with all that it may do', async () => {
      const { body } = await get('/admin/roles?limit=200').expect(200);

      for (const [name, { description, permissions }] of Object.entries(ROLES)) {
        expect(body.roles).toContainEqual({
          name,
          description,
          permissions: [...permissions].sort(),
          created_at: expect.any(String),
          updated_at: expect.any(String),
        });
      }
    });

    it('answers 200 with every role once and in order, page by page', async () => {
      await Promise.all(Array.from({ length: 7 }, () => makeRole(app, ['users:read'])));
      const names: string[] = [];
      let next = '';

      do {
        const { body } = await get(`/admin/roles?limit=3${next}`).expect(200);
        expect(body.roles.length).toBeLessThanOrEqual(3);
        names.push(...body.roles.map(({ name }: { name: string }) => name));
        next = body.next_cursor ? `&cursor=${body.next_cursor}` : '';
      } while (next !== '');

      expect(names.length).toBe(await app.models.roles.count());
      expect(names).toEqual([...new Set(names)].sort());
    });

    it('answers 200 with no further page where the last one is full', async () => {
      const count = await app.models.roles.count();

      const { body } = await get(`/admin/roles?limit=${count}`).expect(200);

      expect(body).toMatchObject({ roles: { length: count }, next_cursor: null });
    });

    it('answers 200 with nothing behind the last name', async () => {
      const { body } = await get('/admin/roles?cursor=zzz').expect(200);

      expect(body).toEqual({ roles: [], next_cursor: null });
    });
  });

  describe('GET /admin/roles/{name}', () => {
    it('answers 200 with the role', async () => {
      const name = await makeRole(app, ['users:read', 'users:list']);

      const response = await get(`/admin/roles/${name}`).expect(200);

      expect(response.headers['cache-control']).toBe('no-store');
      const at = new Date(app.clock.now()).toISOString();
      expect(response.body).toEqual({
        role: {
          name,
          description: null,
          permissions: ['users:list', 'users:read'],
          created_at: at,
          updated_at: at,
        },
      });
    });

    it.each(['a', '0', '_', '-.-', 'a'.repeat(64), 'constructor', '__proto__'])(
      'answers 200 for the name %s',
      async (name) => {
        await makeRole(app, [], name);

        expect((await get(`/admin/roles/${name}`).expect(200)).body.role.name).toBe(name);
      },
    );
  });

  describe('PATCH /admin/roles/{name}', () => {
    it('answers 200 with the role as it is now, and records who changed what', async () => {
      const name = await makeRole(app, ['users:read', 'users:list']);
      app.clock.advanceSeconds(1);

      const { body } = await patch(name, { permissions: ['users:list', 'sessions:list'] }).expect(200);

      expect(body.role).toMatchObject({ name, permissions: ['sessions:list', 'users:list'] });
      expect(body.role.updated_at).toBe(new Date(app.clock.now()).toISOString());
      expect((await get(`/admin/roles/${name}`).expect(200)).body).toEqual(body);
      expect(await entriesAbout(app, name)).toEqual([
        {
          type: 'role.updated',
          outcome: 'success',
          actor: { type: 'user', id: admin.id },
          details: { fields: ['permissions'], added: ['sessions:list'], removed: ['users:read'] },
        },
      ]);
    });

    it.each<[what: string, description: string | null, shown: string | null]>([
      ['a text', 'May look', 'May look'],
      ['200 characters beyond the first plane', '🔑'.repeat(200), '🔑'.repeat(200)],
      ['spaces around it', '  May look ', 'May look'],
      ['nothing', '', null],
      ['null', null, null],
    ])(
      'answers 200 with a description that is %s, and leaves the permissions alone',
      async (_what, description, shown) => {
        const name = await makeRole(app, ['users:read']);

        const { body } = await patch(name, { description }).expect(200);

        expect(body.role).toMatchObject({ description: shown, permissions: ['users:read'] });
      },
    );

    it('takes a list as a set', async () => {
      const name = await makeRole(app, []);

      const { body } = await patch(name, { permissions: ['users:read', 'users:list', 'users:read'] }).expect(
        200,
      );

      expect(body.role.permissions).toEqual(['users:list', 'users:read']);
    });

    it('raises the version with the permissions, and with nothing else', async () => {
      const name = await makeRole(app, ['users:read']);
      const version = async () => (await app.store.roles.find(name))?.version.getTime() ?? 0;
      const before = await version();

      await patch(name, { description: 'Other words', permissions: ['users:read'] }).expect(200);
      expect(await version()).toBe(before);

      // The clock stands still, and the version rises all the same.
      await patch(name, { permissions: [] }).expect(200);
      await patch(name, { permissions: ['users:read'] }).expect(200);
      expect(await version()).toBe(before + 2);
    });

    it('lets an administrator give a permission that no role has, to the role admin as well', async () => {
      const permission = aPermissionName();
      await makePermissions(app, [permission]);
      const permissions = [...(ROLES.admin?.permissions ?? []), permission];

      await patch(await makeRole(app, []), { permissions: [permission] }).expect(200);
      const { body } = await patch('admin', { permissions }).expect(200);

      expect(body.role.permissions).toEqual([...permissions].sort());
      await renewAdmin();
      await patch('admin', { permissions: ROLES.admin?.permissions }).expect(200);
      await renewAdmin();
    });

    it('answers 200 to many who change one role at once: one of their lists stands, and each has raised the version', async () => {
      const name = await makeRole(app, []);
      const before = (await app.store.roles.find(name))?.version.getTime() ?? 0;
      const lists = ['read', 'list', 'create', 'update', 'delete', 'unlock'].map((verb) => [`users:${verb}`]);

      await Promise.all(lists.map((permissions) => patch(name, { permissions }).expect(200)));

      const after = await app.store.roles.find(name);
      expect(lists).toContainEqual(after?.permissions);
      expect(after?.version.getTime()).toBe(before + lists.length);
    });

    it('answers 200 for a role whose name was deleted and made again', async () => {
      const name = aRoleName();
      await makeRole(app, ['users:read'], name);
      await app.delete(`/admin/roles/${name}`).auth(admin.token, { type: 'bearer' }).expect(204);
      await makeRole(app, [], name);

      await patch(name, { permissions: ['users:list'] }).expect(200);
    });
  });
});
