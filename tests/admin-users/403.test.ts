import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { anAdmin, aRole, ledgerOf, userWho } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { CHANGES_OF_A_USER, challengeFor, ROUTES, ROUTES_OF_A_USER, send } from './routes.ts';

/** The first in the alphabet of those that an administrator has beyond them. */
const BEYOND_USERS = 'api-keys:delete';

function expectRefusal(response: Response, permission: string) {
  expect(response.status).toBe(403);
  expect(response.type).toBe('application/problem+json');
  expect(response.body).toMatchObject({ code: 'insufficient_scope' });
  expect(response.body.detail).toContain(permission);
  expect(response.headers['www-authenticate']).toBe(challengeFor(permission));
}

onOneDatabase((kind) => {
  describe('403 insufficient_scope, before a database is asked,', () => {
    const app = useApp(kind);

    it.each(ROUTES)('answers $name of a plain user, and names the permission', async (route) => {
      const { token } = await signUp(app);

      expectRefusal(await send(app, route, await signUp(app), token), route.permission);
    });

    it.each(ROUTES)('answers $name of member who may do everything but that', async (route) => {
      const all = await app.store.userRoles.permissionsOf(['admin']);
      const others = all.filter((permission) => permission !== route.permission);
      const { token } = await userWho(app, others);

      expectRefusal(await send(app, route, await signUp(app), token), route.permission);
    });

    it.each(ROUTES_OF_A_USER)('answers $name before anything is told about the id', async (route) => {
      const { token } = await signUp(app);
      const noUser = { id: '01980000-0000-7000-8000-00000000000a', sessionId: 'x' };

      expectRefusal(await send(app, route, noUser, token), route.permission);
    });
  });
});

onEachDatabase((kind) => {
  describe('403 insufficient_scope', () => {
    const app = useApp(kind);

    /** Whatever there is. */
    const all = () => app.store.userRoles.permissionsOf(['admin']);
    /** All that there is to do with users, and nothing else. */
    const ofUsers = async () => (await all()).filter((permission) => /^(users|sessions):/.test(permission));

    it.each(ROUTES)('does not answer $name of member who may do only that', async (route) => {
      const { token } = await userWho(app, [route.permission]);

      const { status } = await send(app, route, await signUp(app), token);

      expect([200, 201, 204]).toContain(status);
    });

    it.each(CHANGES_OF_A_USER)('answers $name about member who may do more', async (route) => {
      const admin = await anAdmin(app);
      const { id, token } = await userWho(app, await ofUsers());
      const read = () => app.models.users.findByPk(admin.id, { raw: true });
      const before = await read();

      expectRefusal(await send(app, route, admin, token), BEYOND_USERS);

      expect(await read()).toEqual(before);
      await app.get('/admin/users').auth(admin.token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: admin.refreshToken }).expect(200);
      expect(await ledgerOf(app).list({ actorId: id, subjectId: admin.id }, 50, undefined)).toEqual([]);
    });

    it('does not answer what member does to one who may do exactly as much', async () => {
      const { token } = await userWho(app, await ofUsers());
      const equal = await userWho(app, await ofUsers());

      await app.post(`/admin/users/${equal.id}/disable`).auth(token, { type: 'bearer' }).expect(200);
    });

    it('does not answer a look at member who may do more', async () => {
      const admin = await anAdmin(app);
      const { token } = await userWho(app, await ofUsers());

      for (const path of [`/admin/users/${admin.id}`, `/admin/users/${admin.id}/sessions`]) {
        await app.get(path).auth(token, { type: 'bearer' }).expect(200);
      }
    });

    it('answers a caller who creates a user with a role that may do more, and creates none', async () => {
      const { token } = await userWho(app, await ofUsers());
      const { email } = aPerson();

      const body = { email, roles: ['user', 'admin'] };
      const response = await app.post('/admin/users').auth(token, { type: 'bearer' }).send(body);

      expectRefusal(response, BEYOND_USERS);
      expect(await app.models.users.count({ where: { email } })).toBe(0);
    });

    it('answers a caller who gives a role that may do more, to others and to themselves', async () => {
      const member = await userWho(app, ['users:set-roles', 'users:read']);
      const role = await aRole(app, ['users:read', 'users:delete']);

      for (const { id } of [await signUp(app), member]) {
        const given = app.put(`/admin/users/${id}/roles`).auth(member.token, { type: 'bearer' });
        expectRefusal(await given.send({ roles: ['user', role] }), 'users:delete');
        const roles = (await app.store.userRoles.rolesOf([id])).get(id);
        expect(roles).not.toContain(role);
      }
    });

    it('does not answer a caller who gives a role that may do as much as they may, or less', async () => {
      const { token } = await userWho(app, ['users:set-roles', 'users:read']);
      const role = await aRole(app, ['users:read']);
      const { id } = await signUp(app);

      const given = app.put(`/admin/users/${id}/roles`).auth(token, { type: 'bearer' });
      const { body } = await given.send({ roles: [role, 'user'] }).expect(200);

      expect(body.user.roles).toEqual([role, 'user'].sort());
    });

    it('answers a caller who lost in the meantime what their token still says they may', async () => {
      const member = await userWho(app, await ofUsers());
      const target = await userWho(app, ['users:read']);
      // As in a process that has not yet heard of it.
      await app.models.userRoles.destroy({ where: { userId: member.id } });

      const response = await app
        .post(`/admin/users/${target.id}/disable`)
        .auth(member.token, { type: 'bearer' });

      expectRefusal(response, 'users:read');
    });
  });
});
