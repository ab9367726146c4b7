import { describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../config/baseline.cjs';
import { anAdmin, userWho } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { makeClient, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('A caller with all permissions of admin, and not the role,', () => {
    const app = useApp(kind);

    async function refusalsOf(token: string, own: string | undefined) {
      const admin = await anAdmin(app);
      const { id } = await signUp(app);
      const user = { email: aPerson().email, roles: ['admin'] };
      return Promise.all(
        [
          app.put(`/admin/users/${own ?? id}/roles`).send({ roles: ['admin'] }),
          app.post('/admin/users').send(user),
          app.post(`/admin/users/${admin.id}/disable`),
          app.patch(`/admin/users/${admin.id}`).send({ email: aPerson().email }),
          app.put(`/admin/users/${admin.id}/roles`).send({ roles: ['user'] }),
          app.delete(`/admin/users/${admin.id}/sessions`),
        ].map(async (request) => {
          const { status, body } = await request.auth(token, as);
          return [status, body.code];
        }),
      );
    }

    it('neither gives the role nor touches those who have it', async () => {
      const { id, token } = await userWho(app, Object.keys(PERMISSIONS));

      expect(await refusalsOf(token, id)).toEqual(Array(6).fill([403, 'insufficient_scope']));
    });

    it('nor as a machine client', async () => {
      const { token } = await anAdmin(app);
      const client = await makeClient(app, { scope: Object.keys(PERMISSIONS).join(' ') }, token);

      const refusals = await refusalsOf(await tokenOf(app, client), undefined);

      expect(refusals).toEqual(Array(6).fill([403, 'insufficient_scope']));
    });

    it('nor by an import', async () => {
      const { token } = await userWho(app, Object.keys(PERMISSIONS));
      const users = [{ email: aPerson().email, roles: ['admin'] }, { email: aPerson().email }];

      const { body } = await app.post('/admin/users/import').auth(token, as).send({ users }).expect(200);

      expect(body.results).toMatchObject([{ code: 'insufficient_scope' }, { id: expect.any(String) }]);
    });
  });
});
