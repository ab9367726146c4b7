import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { askForToken, makeClient, recorded, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';

onEachDatabase((kind) => {
  describe('DELETE /admin/clients/{client_id}', () => {
    const app = useApp(kind);

    it('answers 204 and the client is gone: it gets no tokens, and those that it has are refused at once', async () => {
      const admin = await anAdmin(app);
      const client = await makeClient(app);
      const token = await tokenOf(app, client);

      const response = await app
        .delete(`/admin/clients/${client.id}`)
        .auth(admin.token, { type: 'bearer' })
        .expect(204);

      expect(response.text).toBe('');
      const { body } = await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
      await askForToken(app, client).expect(401);
      await app.get(`/admin/clients/${client.id}`).auth(admin.token, { type: 'bearer' }).expect(404);
      expect(await recorded(app, 'client.deleted', client.id)).toMatchObject([
        { actorType: 'user', actorId: admin.id },
      ]);
      const where = { clientId: client.id };
      expect(await app.models.clientSecrets.count({ where })).toBe(0);
      expect(await app.models.clientPermissions.count({ where })).toBe(0);
    });
  });

  describe('DELETE /admin/clients/{client_id}/secrets/{secret_id}', () => {
    const app = useApp(kind);

    it('answers 204 and the secret is no longer good, also the last; tokens go on', async () => {
      const admin = await anAdmin(app);
      const client = await makeClient(app);
      const token = await tokenOf(app, client);
      const read = await app.get(`/admin/clients/${client.id}`).auth(admin.token, { type: 'bearer' });
      const secretId = read.body.secrets[0].secret_id;

      await app
        .delete(`/admin/clients/${client.id}/secrets/${secretId}`)
        .auth(admin.token, { type: 'bearer' })
        .expect(204);

      await askForToken(app, client).expect(401);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      expect(await recorded(app, 'client.secret_removed', client.id)).toMatchObject([
        { actorId: admin.id, details: { secret_id: secretId } },
      ]);
    });
  });
});
