import { describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../config/baseline.cjs';
import { useApp } from '../support/app.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { aPermissionName, aRoleName, makeRole, signUpWhoMay, signUpWith } from '../support/roles.ts';

type Method = 'get' | 'post' | 'patch' | 'delete';

const GUARDED: [permission: string, method: Method, path: string][] = [
  ['roles:list', 'get', '/admin/roles'],
  ['roles:create', 'post', '/admin/roles'],
  ['roles:read', 'get', '/admin/roles/nobody'],
  ['roles:update', 'patch', '/admin/roles/nobody'],
  ['roles:delete', 'delete', '/admin/roles/nobody'],
  ['permissions:list', 'get', '/admin/permissions'],
  ['permissions:create', 'post', '/admin/permissions'],
  ['permissions:read', 'get', '/admin/permissions/no:body'],
  ['permissions:update', 'patch', '/admin/permissions/no:body'],
  ['permissions:delete', 'delete', '/admin/permissions/no:body'],
];

const challengeFor = (permission: string) =>
  `Bearer realm="latchkey", error="insufficient_scope", error_description="The token does not allow this", scope="${permission}"`;

onOneDatabase((kind) => {
  const app = useApp(kind);

  describe.each(GUARDED)('The permission %s opens %s %s', (permission, method, path) => {
    const others = Object.keys(PERMISSIONS).filter((name) => name !== permission);

    it('is named by the header of a 403 to a caller that has all others together', async () => {
      const { token } = await signUpWhoMay(app, others);

      const response = await app[method](path).auth(token, { type: 'bearer' }).expect(403);

      expect(response.headers['www-authenticate']).toBe(challengeFor(permission));
      expect(response.body).toMatchObject({
        status: 403,
        code: 'insufficient_scope',
        detail: `This needs the permission ${permission}.`,
      });
    });

    it('suffices alone', async () => {
      const { token } = await signUpWhoMay(app, [permission]);

      const { status } = await app[method](path).auth(token, { type: 'bearer' }).query({});

      expect([200, 400, 404]).toContain(status);
    });

    it('is required of a user who has no role but user, and of a request without a token', async () => {
      const { token } = await signUp(app);

      await app[method](path).auth(token, { type: 'bearer' }).expect(403);
      expect((await app[method](path).expect(401)).body.code).toBe('token_missing');
    });
  });
});

onEachDatabase((kind) => {
  const app = useApp(kind);

  describe('Giving more than the caller holds', () => {
    const HOLDS = ['roles:create', 'roles:update', 'roles:delete', 'permissions:delete', 'users:read'];

    async function refused(
      send: Promise<{ headers: Record<string, string>; body: object }>,
      missing: string,
    ) {
      const { headers, body } = await send;
      expect(headers['www-authenticate']).toBe(challengeFor(missing));
      expect(body).toMatchObject({ code: 'insufficient_scope', detail: expect.stringContaining(missing) });
    }

    it('answers 403 to a new role with a permission that its maker lacks', async () => {
      const { token } = await signUpWhoMay(app, HOLDS);
      const name = aRoleName();
      const send = (permissions: string[]) =>
        app.post('/admin/roles').auth(token, { type: 'bearer' }).send({ name, permissions });

      await refused(send(['users:read', 'users:delete']).expect(403), 'users:delete');
      expect(await app.store.roles.find(name)).toBeNull();

      await send(['users:read']).expect(201);
    });

    it('answers 403 to a change that gives what its maker lacks, to their own role too', async () => {
      const { token, role } = await signUpWhoMay(app, HOLDS);
      const other = await makeRole(app, ['users:read']);

      for (const name of [role, other]) {
        const permissions = [...HOLDS, 'users:delete'];
        const send = app.patch(`/admin/roles/${name}`).auth(token, { type: 'bearer' }).send({ permissions });
        await refused(send.expect(403), 'users:delete');
      }
      expect((await app.store.roles.find(other))?.permissions).toEqual(['users:read']);
    });

    it.each([
      ['taking a permission from it', { permissions: ['users:read'] }],
      ['emptying it', { permissions: [] }],
      ['describing it', { description: 'Nothing special' }],
    ])(
      'answers 403 to a change of a role that may do more than who changes it: %s',
      async (_what, change) => {
        const { token } = await signUpWhoMay(app, HOLDS);
        const name = await makeRole(app, ['users:read', 'users:delete']);

        const send = app.patch(`/admin/roles/${name}`).auth(token, { type: 'bearer' }).send(change);

        await refused(send.expect(403), 'users:delete');
      },
    );

    it('answers 403 to the end of a role that may do more, and of a permission in one', async () => {
      const { token } = await signUpWhoMay(app, HOLDS);
      const permission = aPermissionName();
      const name = await makeRole(app, [permission]);

      for (const path of [`/admin/roles/${name}`, `/admin/permissions/${permission}`]) {
        const send = app.delete(`${path}?force=true`).auth(token, { type: 'bearer' });
        await refused(send.expect(403), permission);
      }
      expect((await app.store.roles.find(name))?.permissions).toEqual([permission]);
    });

    it('answers 403 to a token that another process does not know to be outdated', async () => {
      const { token, id } = await signUpWhoMay(app, HOLDS);
      await app.models.userRoles.destroy({ where: { userId: id } });

      const send = app
        .post('/admin/roles')
        .auth(token, { type: 'bearer' })
        .send({ name: aRoleName(), permissions: ['users:read'] });

      await refused(send.expect(403), 'users:read');
    });

    it('answers 403 to a former administrator', async () => {
      const { token, id } = await signUpWith(app, ['admin']);
      await app.models.userRoles.destroy({ where: { userId: id, role: 'admin' } });

      const send = app
        .patch(`/admin/roles/${await makeRole(app, [])}`)
        .auth(token, { type: 'bearer' })
        .send({ permissions: ['users:read'] });

      await refused(send.expect(403), 'users:read');
    });

    it('answers 403 to administrators who give themselves more in two steps', async () => {
      const { token, role } = await signUpWhoMay(app, [...HOLDS, 'permissions:create']);
      const name = aPermissionName();
      await app.post('/admin/permissions').auth(token, { type: 'bearer' }).send({ name }).expect(201);

      const send = app
        .patch(`/admin/roles/${role}`)
        .auth(token, { type: 'bearer' })
        .send({ permissions: [...HOLDS, 'permissions:create', name] });

      await refused(send.expect(403), name);
    });
  });
});
