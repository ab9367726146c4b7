import { beforeAll, describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../config/baseline.cjs';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPermissionName, entriesAbout, makePermissions, makeRole, signUpWith } from '../support/roles.ts';

const LONGEST = `${'r'.repeat(63)}:${'a'.repeat(63)}`;

onEachDatabase((kind) => {
  const app = useApp(kind);
  let admin: Awaited<ReturnType<typeof signUpWith>>;
  beforeAll(async () => {
    admin = await signUpWith(app, ['admin']);
  });

  const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) =>
    app[method](`/admin/permissions${path}`).auth(admin.token, { type: 'bearer' }).send(body);

  describe('GET /admin/permissions', () => {
    it('answers 200 with all that the service asks for, and what each is for', async () => {
      const { body } = await send('get', '?limit=200').expect(200);

      for (const [name, description] of Object.entries(PERMISSIONS)) {
        expect(body.permissions).toContainEqual({ name, description, created_at: expect.any(String) });
      }
    });

    it('answers 200 with every permission once and in order, page by page', async () => {
      const names: string[] = [];
      let next = '';

      do {
        const { body } = await send('get', `?limit=4${next}`).expect(200);
        names.push(...body.permissions.map(({ name }: { name: string }) => name));
        next = body.next_cursor ? `&cursor=${body.next_cursor}` : '';
      } while (next !== '');

      expect(names.length).toBe(await app.models.permissions.count());
      expect(names).toEqual([...new Set(names)].sort());
    });
  });

  describe('GET /admin/permissions/{name}', () => {
    it.each(Object.entries(PERMISSIONS))('answers 200 to %s', async (name, description) => {
      const { body } = await send('get', `/${name}`).expect(200);

      expect(body).toEqual({ permission: { name, description, created_at: expect.any(String) } });
    });

    it('answers 200 to the longest name', async () => {
      const name = LONGEST.replace('r', 'p');
      await makePermissions(app, [name]);

      const { body } = await send('get', `/${name}`).expect(200);

      expect(body.permission).toMatchObject({ name, description: null });
    });
  });

  describe('PATCH /admin/permissions/{name}, 200', () => {
    it.each<[what: string, sent: string | null, kept: string | null]>([
      ['a text', 'Do things', 'Do things'],
      ['a text with space around it', '  Do things ', 'Do things'],
      ['a text in two halves, which are made one', 'Cafe\u0301', 'Caf\u00e9'],
      ['the longest there may be', '🔑'.repeat(200), '🔑'.repeat(200)],
      ['an empty text, which is none', '', null],
      ['null', null, null],
    ])('answers 200 to %s, and records who said so', async (_what, description, kept) => {
      const name = aPermissionName();
      await send('post', '', { name, description: 'Before' }).expect(201);
      const created = await send('get', `/${name}`).expect(200);
      app.clock.advanceSeconds(1);

      const { body } = await send('patch', `/${name}`, { description }).expect(200);

      expect(body).toEqual({ permission: { ...created.body.permission, description: kept } });
      expect((await send('get', `/${name}`).expect(200)).body).toEqual(body);
      const actor = { type: 'user', id: admin.id };
      expect(await entriesAbout(app, name)).toContainEqual({
        type: 'permission.updated',
        outcome: 'success',
        actor,
        details: { fields: ['description'] },
      });
    });

    it('changes nothing for those who have it: not one token ends', async () => {
      const name = aPermissionName();
      const role = await makeRole(app, [name]);
      const { token } = await signUpWith(app, [role]);

      await send('patch', `/${name}`, { description: 'Another one' }).expect(200);

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      expect((await app.store.roles.find(role))?.permissions).toEqual([name]);
    });

    it('answers 200 to a permission of the service, whose description means nothing to it', async () => {
      const { body } = await send('patch', '/permissions:list', { description: 'Look around' }).expect(200);

      expect(body.permission).toMatchObject({ name: 'permissions:list', description: 'Look around' });
      await send('patch', '/permissions:list', { description: PERMISSIONS['permissions:list'] }).expect(200);
    });

    it('answers 200 to two at once, and one of them is kept', async () => {
      const name = aPermissionName();
      await makePermissions(app, [name]);

      const answers = await Promise.all(
        ['one', 'two'].map((description) => send('patch', `/${name}`, { description })),
      );

      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const { body } = await send('get', `/${name}`).expect(200);
      expect(['one', 'two']).toContain(body.permission.description);
    });
  });

  describe('PATCH /admin/permissions/{name}, 400', () => {
    it.each<[what: string, body: object, pointer: string, code: string]>([
      ['nothing', {}, '/description', 'required'],
      ['a number', { description: 7 }, '/description', 'wrong_type'],
      ['a long one', { description: 'x'.repeat(201) }, '/description', 'invalid_description'],
      ['a line end', { description: 'a\nb' }, '/description', 'invalid_description'],
      ['half of a character', { description: '\ud800' }, '/description', 'malformed_text'],
      ['another name, since tokens carry it', { description: 'x', name: 'a:c' }, '/name', 'unknown_field'],
    ])('answers 400 to %s, and the description stays', async (_what, body, pointer, code) => {
      const name = aPermissionName();
      await makePermissions(app, [name]);

      const answer = await send('patch', `/${name}`, body).expect(400);

      expect(answer.body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
      expect((await app.store.permissions.find(name))?.description).toBeNull();
      expect(await entriesAbout(app, name)).toEqual([]);
    });
  });

  describe('POST /admin/permissions, 201', () => {
    it.each<[what: string, name: () => string]>([
      ['a permission', aPermissionName],
      ['the longest name', () => LONGEST],
      ['the shortest name', () => 'a:b'],
      ['a name with every sign', () => '_x.9-:.'],
    ])('answers 201 to %s, and records who made it', async (_what, makeName) => {
      const name = makeName();

      const { body } = await send('post', '', { name, description: 'For a test' }).expect(201);

      const at = new Date(app.clock.now()).toISOString();
      expect(body).toEqual({ permission: { name, description: 'For a test', created_at: at } });
      const actor = { type: 'user', id: admin.id };
      expect(await entriesAbout(app, name)).toEqual([
        { type: 'permission.created', outcome: 'success', actor, details: {} },
      ]);
    });

    it('answers 201 to one of ten who race for a name', async () => {
      const name = aPermissionName();

      const answers = await Promise.all(Array.from({ length: 10 }, () => send('post', '', { name })));

      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
      expect(await entriesAbout(app, name)).toHaveLength(1);
    });

    it('gives it to no role', async () => {
      const name = aPermissionName();
      await send('post', '', { name }).expect(201);

      expect(await app.models.rolePermissions.count({ where: { permission: name } })).toBe(0);
    });
  });

  describe('POST /admin/permissions, 400', () => {
    it.each<[what: string, body: object, pointer: string, code: string]>([
      ['no name', {}, '/name', 'required'],
      ['a list for a name', { name: ['a:b'] }, '/name', 'wrong_type'],
      ['no colon', { name: 'users' }, '/name', 'invalid_permission'],
      ['nothing before the colon', { name: ':read' }, '/name', 'invalid_permission'],
      ['nothing behind it', { name: 'users:' }, '/name', 'invalid_permission'],
      ['two colons', { name: 'a:b:c' }, '/name', 'invalid_permission'],
      ['a resource of 64 characters', { name: `${'r'.repeat(64)}:a` }, '/name', 'invalid_permission'],
      ['an action of 64 characters', { name: `r:${'a'.repeat(64)}` }, '/name', 'invalid_permission'],
      ['a space, which would make it two', { name: 'a:b users:delete' }, '/name', 'invalid_permission'],
      ['a quotation mark, which ends a header', { name: 'a:b"' }, '/name', 'invalid_permission'],
      ['capitals', { name: 'Users:read' }, '/name', 'invalid_permission'],
      ['an unknown field', { name: 'a:b', role: 'user' }, '/role', 'unknown_field'],
      [
        'a long description',
        { name: 'a:b', description: 'x'.repeat(201) },
        '/description',
        'invalid_description',
      ],
    ])('answers 400 to %s', async (_what, body, pointer, code) => {
      const answer = await send('post', '', body).expect(400);

      expect(answer.body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
    });
  });

  describe('DELETE /admin/permissions/{name}, 204', () => {
    it('answers 204 where no role has it, and records who deleted it', async () => {
      const name = LONGEST.replace('r', 'q');
      await makePermissions(app, [name]);

      await send('delete', `/${name}`).expect(204);

      expect(await app.models.permissions.count({ where: { name } })).toBe(0);
      const details = { roles: [], forced: false };
      expect(await entriesAbout(app, name)).toMatchObject([{ type: 'permission.deleted', details }]);
    });

    it('answers 204 with force=true where roles have it: their users lose it and keep their sessions', async () => {
      const name = aPermissionName();
      const roles = [await makeRole(app, [name, 'users:read']), await makeRole(app, [name])].sort();
      const untouched = await makeRole(app, ['users:read']);
      const people = await Promise.all(roles.map((role) => signUpWith(app, [role])));
      const stranger = await signUpWith(app, [untouched]);

      await send('delete', `/${name}?force=true`).expect(204);

      for (const { token, refreshToken } of people) {
        await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
        const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
        expect(claimsIn(body.access_token).scope).not.toContain(name);
        await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
      }
      await app.get('/verify').auth(stranger.token, { type: 'bearer' }).expect(200);
      expect(await entriesAbout(app, name)).toMatchObject([{ details: { roles, forced: true } }]);
      for (const role of roles) {
        expect(await entriesAbout(app, role)).toMatchObject([
          { type: 'role.updated', details: { added: [], removed: [name] } },
        ]);
      }
    });
  });

  describe.each(['get', 'patch', 'delete'] as const)('%s /admin/permissions/{name}', (method) => {
    it.each(['no:such', 'users', 'users%20:read', '%00', `${'a'.repeat(64)}:b`])(
      'answers 404 to %s',
      async (name) => {
        const { body } = await send(method, `/${name}`, { description: 'x' }).expect(404);

        expect(body.code).toBe('permission_not_found');
      },
    );
  });

  describe('DELETE /admin/permissions/{name}, 409', () => {
    it.each(Object.keys(PERMISSIONS))(
      'answers 409 to %s, which the service asks for, forced or not',
      async (name) => {
        for (const query of ['', '?force=true']) {
          const { body } = await send('delete', `/${name}${query}`).expect(409);
          expect(body.code).toBe('permission_protected');
        }
      },
    );

    it('answers 409 where a role has it, unless it is forced', async () => {
      const name = aPermissionName();
      const role = await makeRole(app, [name]);

      expect((await send('delete', `/${name}`).expect(409)).body.code).toBe('permission_in_use');

      expect((await app.store.roles.find(role))?.permissions).toEqual([name]);
    });
  });

  describe('POST /admin/permissions, 409', () => {
    it('answers 409 to a name that there is', async () => {
      const { body } = await send('post', '', { name: 'users:read' }).expect(409);

      expect(body.code).toBe('permission_taken');
    });
  });
});
