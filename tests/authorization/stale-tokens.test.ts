import { describe, expect, it } from '@jest/globals';
import { anAdmin, userWho } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { makeClient, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aRoleName } from '../support/roles.ts';
import { useTwoApps } from '../support/two-apps.ts';

const as = { type: 'bearer' } as const;
const OPERATIONS = ['users:list', 'users:create', 'users:enable', 'users:set-roles', 'roles:create'];

onEachDatabase((kind) => {
  describe('A token whose end another process has not heard of yet', () => {
    const apps = useTwoApps(kind);

    it('does not give its owner back the roles that were taken', async () => {
      const { first, second } = apps;
      const admin = await anAdmin(first);
      const helper = await userWho(first, OPERATIONS);
      const path = `/admin/users/${helper.id}/roles`;
      await first
        .put(path)
        .auth(admin.token, as)
        .send({ roles: ['user'] })
        .expect(200);

      const asked = second
        .put(path)
        .auth(helper.token, as)
        .send({ roles: ['user', helper.role] });
      const { body } = await asked.expect(403);

      expect(body.code).toBe('insufficient_scope');
      const roles = await first.store.userRoles.rolesOf([helper.id]);
      expect(roles.get(helper.id)).toEqual(['user']);
    });

    it('does not open the account that was disabled, and makes no heir', async () => {
      const { first, second } = apps;
      const admin = await anAdmin(first);
      const helper = await userWho(first, OPERATIONS);
      await first.post(`/admin/users/${helper.id}/disable`).auth(admin.token, as).expect(200);

      const { email } = aPerson();
      for (const request of [
        second.post(`/admin/users/${helper.id}/enable`),
        second.post('/admin/users').send({ email, roles: [helper.role] }),
        second.post('/admin/roles').send({ name: aRoleName(), permissions: ['users:list'] }),
      ]) {
        const { body } = await request.auth(helper.token, as).expect(401);
        expect(body.code).toBe('token_revoked');
      }
      expect((await first.store.users.findById(helper.id))?.disabledAt).not.toBeNull();
      expect(await first.store.users.findByEmail(email)).toBeNull();
    });

    it('of a deleted machine client makes no heir', async () => {
      const { first, second } = apps;
      const admin = await anAdmin(first);
      const client = await makeClient(first, { scope: 'clients:create users:list' }, admin.token);
      const token = await tokenOf(first, client);
      await first.delete(`/admin/clients/${client.id}`).auth(admin.token, as).expect(204);

      const heir = { name: 'heir', scope: 'users:list' };
      const { body } = await second.post('/admin/clients').auth(token, as).send(heir).expect(401);

      expect(body.code).toBe('token_revoked');
    });

    it('of a session that has ended makes no API key', async () => {
      const { first, second } = apps;
      const { token } = await signUp(first);
      await first.post('/logout').auth(token, as).expect(204);

      const { body } = await second.post('/api-keys').auth(token, as).send({ name: 'later' }).expect(401);

      expect(body.code).toBe('token_revoked');
    });

    it('which is an API key that was deleted changes nothing any more', async () => {
      const { first, second } = apps;
      const admin = await anAdmin(first);
      const { id, key } = await makeKey(first, admin.token);
      await second.get('/verify').auth(key, as).expect(200);
      await first.delete(`/api-keys/${id}`).auth(admin.token, as).expect(204);

      const role = { name: aRoleName(), permissions: ['users:list'] };
      await second.post('/admin/roles').auth(key, as).send(role).expect(401);
    });
  });
});
