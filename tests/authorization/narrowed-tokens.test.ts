import { describe, expect, it } from '@jest/globals';
import { anAdmin, userWho } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { postForm } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

/** An access token that may do no more than this, for the owner of the refresh token. */
async function narrowed(app: TestApp, refreshToken: string, scope: string): Promise<string> {
  const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken, scope };
  const { body } = await postForm(app, '/oauth/token', parameters).expect(200);
  return body.access_token;
}

onEachDatabase((kind) => {
  describe('An access token that was narrowed by scope', () => {
    const app = useApp(kind);

    it('has no roles, since a role stands for all that it may do', async () => {
      const { refreshToken } = await anAdmin(app);

      const token = await narrowed(app, refreshToken, 'users:list');

      expect(claimsIn(token)).toMatchObject({
        roles: [],
        from_roles: ['admin', 'user'],
        scope: 'users:list',
      });
      const { headers } = await app.get('/verify').auth(token, as).expect(200);
      expect(headers).toMatchObject({ 'x-auth-roles': '', 'x-auth-scope': 'users:list' });
    });

    it('has them where it was not narrowed after all', async () => {
      const { refreshToken, role } = await userWho(app, ['users:list', 'users:read']);

      const token = await narrowed(app, refreshToken, 'users:read users:list');

      expect(claimsIn(token).roles).toEqual([role, 'user'].sort());
      expect(claimsIn(token)).not.toHaveProperty('from_roles');
    });

    it('does not give what it lacks, though its owner be an administrator', async () => {
      const { refreshToken } = await anAdmin(app);
      const { id } = await signUp(app);
      const token = await narrowed(app, refreshToken, 'users:set-roles');

      for (const roles of [['user', 'admin'], [(await userWho(app, ['users:list'])).role]]) {
        const { body } = await app
          .put(`/admin/users/${id}/roles`)
          .auth(token, as)
          .send({ roles })
          .expect(403);
        expect(body.code).toBe('insufficient_scope');
      }
    });

    it('makes API keys that may do as much and no more', async () => {
      const { refreshToken } = await anAdmin(app);
      const token = await narrowed(app, refreshToken, 'users:list');

      const { body } = await app.post('/api-keys').auth(token, as).send({ name: 'all' }).expect(403);
      expect(body.code).toBe('insufficient_scope');
      await app.post('/api-keys').auth(token, as).send({ name: 'same', scope: 'users:list' }).expect(201);
    });

    it('is refused once one of the roles that it came from may do something else', async () => {
      const { refreshToken, role } = await userWho(app, ['users:list', 'users:read']);
      const admin = await anAdmin(app);
      const token = await narrowed(app, refreshToken, 'users:list');

      const change = { permissions: ['users:read'] };
      await app.patch(`/admin/roles/${role}`).auth(admin.token, as).send(change).expect(200);

      const { body } = await app.get('/verify').auth(token, as).expect(401);
      expect(body.code).toBe('token_revoked');
    });
  });
});
