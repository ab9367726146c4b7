import { beforeAll, describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../config/baseline.cjs';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { recordedRevocations } from '../support/feed.ts';
import {
  aPermissionName,
  aRoleName,
  entriesAbout,
  makePermissions,
  makeRole,
  signUpWith,
} from '../support/roles.ts';

/** Permissions of 100 bytes each; 41 of them and the spaces between are more than 4096. */
const longPermissions = (count: number) =>
  Array.from({ length: count }, (_, index) => `${'much'.repeat(9)}:${`${index}`.padStart(63, '0')}`);

onEachDatabase((kind) => {
  const app = useApp(kind);
  let token: string;
  beforeAll(async () => {
    ({ token } = await signUpWith(app, ['admin']));
  });

  const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) =>
    app[method](path).auth(token, { type: 'bearer' }).send(body);

  describe.each<['get' | 'patch' | 'delete', object | undefined]>([
    ['get', undefined],
    ['patch', { permissions: [] }],
    ['delete', undefined],
  ])('%s /admin/roles/{name}', (method, body) => {
    it.each(['nobody', 'Admin', 'ad%20min', '%00', `${'a'.repeat(65)}`, 'admin%2f', "x'%20OR%201=1"])(
      'answers 404 to %s',
      async (name) => {
        const answer = await send(method, `/admin/roles/${name}`, body).expect(404);

        expect(answer.body.code).toBe('role_not_found');
      },
    );
  });

  describe('POST /admin/roles', () => {
    it.each(['user', 'admin'])('answers 409 to the name of the role %s', async (name) => {
      expect((await send('post', '/admin/roles', { name }).expect(409)).body.code).toBe('role_taken');
    });

    it('answers 409 to an unknown permission, which it names, and makes nothing', async () => {
      const name = aRoleName();
      const permissions = ['users:read', 'users:adore'];

      const { body } = await send('post', '/admin/roles', { name, permissions }).expect(409);

      expect(body).toMatchObject({
        code: 'unknown_permission',
        detail: 'There is no permission users:adore.',
      });
      expect(await app.store.roles.find(name)).toBeNull();
      expect(await entriesAbout(app, name)).toEqual([]);
    });
  });

  describe('PATCH /admin/roles/{name}', () => {
    it('answers 409 to an unknown permission, and changes nothing', async () => {
      const name = await makeRole(app, ['users:read']);
      const before = await app.store.roles.find(name);

      const body = { description: 'New', permissions: ['users:list', 'no:such'] };
      const answer = await send('patch', `/admin/roles/${name}`, body).expect(409);

      expect(answer.body).toMatchObject({
        code: 'unknown_permission',
        detail: 'There is no permission no:such.',
      });
      expect(await app.store.roles.find(name)).toEqual(before);
      expect(await recordedRevocations(app)).not.toContainEqual(
        expect.objectContaining({ kind: 'role', subjectId: name }),
      );
    });

    it.each(Object.keys(PERMISSIONS))(
      'answers 409 where the role admin would lose %s',
      async (permission) => {
        const permissions = Object.keys(PERMISSIONS).filter((name) => name !== permission);

        const { body } = await send('patch', '/admin/roles/admin', { permissions }).expect(409);

        expect(body).toMatchObject({ code: 'role_protected', detail: expect.stringContaining(permission) });
      },
    );
  });

  describe('DELETE /admin/roles/{name}', () => {
    it.each(['user', 'admin', 'user?force=true', 'admin?force=true'])('answers 409 to %s', async (path) => {
      const { body } = await send('delete', `/admin/roles/${path}`).expect(409);

      expect(body.code).toBe('role_protected');
    });

    it('answers 409 where a user has the role, unless it is forced', async () => {
      const name = await makeRole(app, ['users:read']);
      const person = await signUpWith(app, [name]);

      for (const query of ['', '?force=false']) {
        const { body } = await send('delete', `/admin/roles/${name}${query}`).expect(409);
        expect(body.code).toBe('role_in_use');
      }
      await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(200);
    });
  });

  describe('More permissions than fit into a token', () => {
    const permissions = longPermissions(41);
    const fitting = permissions.slice(0, 40);
    beforeAll(() => makePermissions(app, permissions));

    it('answer 409 in one role', async () => {
      const name = aRoleName();
      const made = await send('post', '/admin/roles', { name, permissions }).expect(409);
      await send('post', '/admin/roles', { name, permissions: fitting }).expect(201);
      const changed = await send('patch', `/admin/roles/${name}`, { permissions }).expect(409);

      for (const { body } of [made, changed]) {
        expect(body).toMatchObject({ code: 'scope_too_large', detail: expect.stringContaining('4096') });
      }
      expect((await app.store.roles.find(name))?.permissions).toEqual(fitting);
    });

    it('answer 409 at exactly one byte too many', async () => {
      const [last = ''] = permissions.slice(-1);
      // 40 of 100 bytes and 40 spaces are 4040 bytes: 56 are left for one more.
      const rest = last.slice(0, 56);
      await makePermissions(app, [rest, `${rest}y`]);
      const name = aRoleName();

      await send('post', '/admin/roles', { name, permissions: [...fitting, `${rest}y`] }).expect(409);
      await send('post', '/admin/roles', { name, permissions: [...fitting, rest] }).expect(201);
    });

    it('answer 409 in the roles of one user together, where one of them grows; what both have counts once', async () => {
      const first = await makeRole(app, permissions.slice(0, 25));
      const second = await makeRole(app, permissions.slice(20, 40));
      const person = await signUpWith(app, [first, second]);

      const grow = (list: string[]) => send('patch', `/admin/roles/${second}`, { permissions: list });
      const { body } = await grow(permissions.slice(20, 41)).expect(409);
      expect(body).toMatchObject({ code: 'scope_too_large', detail: expect.stringContaining(second) });
      await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(200);

      await grow(permissions.slice(10, 40)).expect(200);
    });

    it('answer 409 in two roles of one user that grow at once: one of them does', async () => {
      for (let round = 0; round < 5; round++) {
        const [first, second] = [await makeRole(app, []), await makeRole(app, [])];
        await signUpWith(app, [first, second]);

        const answers = await Promise.all([
          send('patch', `/admin/roles/${first}`, { permissions: permissions.slice(0, 25) }),
          send('patch', `/admin/roles/${second}`, { permissions: permissions.slice(16, 41) }),
        ]);

        expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      }
    });

    it('are allowed in the roles of different users', async () => {
      const first = await makeRole(app, permissions.slice(0, 30));
      const second = await makeRole(app, []);
      await Promise.all([signUpWith(app, [first]), signUpWith(app, [second])]);

      await send('patch', `/admin/roles/${second}`, { permissions: permissions.slice(20, 41) }).expect(200);
    });
  });

  it('A permission that is deleted while roles take it is afterwards in none that outlives it', async () => {
    const permission = aPermissionName();
    await makePermissions(app, [permission]);
    const names = await Promise.all(Array.from({ length: 5 }, () => makeRole(app, [])));

    await Promise.all([
      ...names.map((name) => send('patch', `/admin/roles/${name}`, { permissions: [permission] })),
      send('delete', `/admin/permissions/${permission}`),
      send('delete', `/admin/permissions/${permission}?force=true`),
    ]);

    const left = await app.models.rolePermissions.count({ where: { permission } });
    expect(left).toBe(0);
    // Who got it before it went has a version from after that.
    for (const name of names) {
      const role = await app.store.roles.find(name);
      const events = (await entriesAbout(app, name)).length;
      const ended = (await recordedRevocations(app)).filter(
        ({ kind: revoked, subjectId }) => revoked === 'role' && subjectId === name,
      );
      expect(ended).toHaveLength(events);
      if (events > 0) expect(ended.at(-1)?.notBefore).toEqual(role?.version);
    }
  });
});
