import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';

onEachDatabase((kind) => {
  describe('The routes of one client', () => {
    const app = useApp(kind);

    it.each<[what: string, id: () => string]>([
      ['an unknown id', () => randomUUID()],
      ['garbage', () => 'garbage'],
      ['a wildcard', () => '%25'],
      ['a NUL', () => '%00'],
      ['a word of SQL', () => "x'%20OR%20'1'='1"],
      ['1,000 characters', () => 'a'.repeat(1000)],
      ['characters of four bytes', () => encodeURIComponent('🔑'.repeat(9))],
    ])('answer 404 to %s', async (_what, id) => {
      const { token } = await anAdmin(app);
      const path = `/admin/clients/${id()}`;
      const as = { type: 'bearer' } as const;

      const responses = [
        await app.get(path).auth(token, as),
        await app.patch(path).auth(token, as).send({ name: 'One' }),
        await app.delete(path).auth(token, as),
        await app.post(`${path}/secrets`).auth(token, as),
      ];

      for (const { status, body } of responses)
        expect([status, body.code]).toEqual([404, 'client_not_found']);
      const removed = await app.delete(`${path}/secrets/${randomUUID()}`).auth(token, as);
      expect([removed.status, removed.body.code]).toEqual([404, 'client_not_found']);
    });

    it("answer 404 to another client's secret, and it stays good", async () => {
      const { token } = await anAdmin(app);
      const [one, other] = [await makeClient(app, {}, token), await makeClient(app, {}, token)];
      const read = await app.get(`/admin/clients/${other.id}`).auth(token, { type: 'bearer' }).expect(200);
      const [secret] = read.body.secrets;

      for (const id of [secret.secret_id, 'garbage', randomUUID()]) {
        const { body } = await app
          .delete(`/admin/clients/${one.id}/secrets/${id}`)
          .auth(token, { type: 'bearer' })
          .expect(404);
        expect(body.code).toBe('secret_not_found');
      }
      expect(await app.models.clientSecrets.count({ where: { clientId: other.id } })).toBe(1);
    });

    it('answer 404 the second time', async () => {
      const { token } = await anAdmin(app);
      const { id } = await makeClient(app, {}, token);

      await app.delete(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).expect(204);
      await app.delete(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).expect(404);
    });
  });
});
