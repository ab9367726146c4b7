import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { askForToken, makeClient } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { useTwoApps } from '../support/two-apps.ts';

onEachDatabase((kind) => {
  describe('POST and PATCH /admin/clients', () => {
    const app = useApp(kind);

    it.each(['reports:read', 'CLIENTS:READ', 'admin', '__proto__'])(
      'answer 409 to the unknown permission %s, which they name',
      async (unknown) => {
        const { token } = await anAdmin(app);
        const { id } = await makeClient(app, {}, token);
        const body = { name: 'One', scope: `clients:read ${unknown}` };

        const responses = [
          await app.post('/admin/clients').auth(token, { type: 'bearer' }).send(body).expect(409),
          await app.patch(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).send(body).expect(409),
        ];

        for (const response of responses) {
          expect(response.body.code).toBe('unknown_permission');
          expect(response.body.detail).toContain(unknown);
        }
      },
    );
  });

  describe('POST /admin/clients/{client_id}/secrets', () => {
    const apps = useTwoApps(kind);

    it('answers 409 to a third secret, and it is good for nothing', async () => {
      const { first: app } = apps;
      const { token } = await anAdmin(app);
      const { id } = await makeClient(app, {}, token);
      const add = () => app.post(`/admin/clients/${id}/secrets`).auth(token, { type: 'bearer' });
      await add().expect(201);

      const { body } = await add().expect(409);

      expect(body.code).toBe('too_many_secrets');
      expect(await app.models.clientSecrets.count({ where: { clientId: id } })).toBe(2);
    });

    it('answers 409 to all but one of many that add a second secret at once, in two processes', async () => {
      const { first, second } = apps;
      const { token } = await anAdmin(first);
      const { id } = await makeClient(first, {}, token);

      const responses = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 ? first : second).post(`/admin/clients/${id}/secrets`).auth(token, { type: 'bearer' }),
        ),
      );

      const made = responses.filter(({ status }) => status === 201);
      expect(made).toHaveLength(1);
      expect(responses.filter(({ status }) => status === 409)).toHaveLength(9);
      expect(await first.models.clientSecrets.count({ where: { clientId: id } })).toBe(2);
      await askForToken(second, { id, secret: made[0]?.body.client_secret }).expect(200);
    });
  });
});
