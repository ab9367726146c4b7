import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { askForToken, makeClient, recorded, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';

onEachDatabase((kind) => {
  describe('GET /admin/clients', () => {
    const app = useApp(kind);

    it('answers 200 with pages that have every client once, in the order of their creation', async () => {
      const { token } = await anAdmin(app);
      const made: string[] = [];
      for (let count = 0; count < 5; count++) {
        app.clock.advanceSeconds(1);
        made.push((await makeClient(app, {}, token)).id);
      }

      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query: object = { limit: 2, ...(cursor !== null && { cursor }) };
        const { body } = await app
          .get('/admin/clients')
          .query(query)
          .auth(token, { type: 'bearer' })
          .expect(200);
        expect(body.clients.length).toBeLessThanOrEqual(2);
        seen.push(...body.clients.map(({ client_id }: { client_id: string }) => client_id));
        // Ids are compared byte by byte: one in capital letters would be before them all.
        cursor = body.next_cursor?.toUpperCase() ?? null;
      } while (cursor !== null);

      expect(seen).toEqual(made);
    });

    it('answers 200 without any secret', async () => {
      const { token } = await anAdmin(app);
      const { id, secret } = await makeClient(app, {}, token);

      const list = await app.get('/admin/clients').auth(token, { type: 'bearer' }).expect(200);
      const one = await app.get(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).expect(200);

      for (const { text } of [list, one]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain('hash');
      }
      expect(list.body.clients).toContainEqual(one.body);
    });
  });

  describe('PATCH /admin/clients/{client_id}', () => {
    const app = useApp(kind);

    async function change(id: string, body: object) {
      const admin = await anAdmin(app);
      const response = await app
        .patch(`/admin/clients/${id}`)
        .auth(admin.token, { type: 'bearer' })
        .send(body)
        .expect(200);
      return { admin, body: response.body };
    }

    it('answers 200 with the changed client; what is left out stays', async () => {
      const client = await makeClient(app);

      const { admin, body } = await change(client.id, { name: 'Daily reports' });

      expect(body).toMatchObject({
        name: 'Daily reports',
        scope: 'clients:read tokens:introspect',
        expires_at: null,
      });
      expect(await recorded(app, 'client.updated', client.id)).toMatchObject([
        { actorId: admin.id, details: { name: 'Daily reports' } },
      ]);
    });

    it('keeps tokens good where the client may still do the same', async () => {
      const client = await makeClient(app);
      const token = await tokenOf(app, client);

      await change(client.id, { name: 'Other', scope: 'tokens:introspect clients:read' });
      await change(client.id, { expires_at: '2999-01-01T00:00:00Z' });

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('refuses older tokens at once after a change of the scope, while new ones have it', async () => {
      const client = await makeClient(app);
      const older = await tokenOf(app, client);
      const times = [{ scope: 'clients:read' }, { scope: 'clients:list' }, { scope: '' }];

      for (const body of times) {
        const before = await tokenOf(app, client);
        await change(client.id, body);

        for (const token of [older, before]) {
          const refused = await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
          expect(refused.body.code).toBe('token_revoked');
        }
        const { body: answer } = await askForToken(app, client).expect(200);
        expect(answer.scope).toBe(body.scope);
        await app.get('/verify').auth(answer.access_token, { type: 'bearer' }).expect(200);
      }
    });

    it('lets no older token outlive an earlier end', async () => {
      const client = await makeClient(app, { expires_at: '2999-01-01T00:00:00Z' });
      const token = await tokenOf(app, client);
      const end = new Date(app.clock.now() + 60_000).toISOString();

      await change(client.id, { expires_at: end });

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
      const { body } = await askForToken(app, client).expect(200);
      expect(body.expires_in).toBeLessThanOrEqual(60);
      await change(client.id, { expires_at: null });
      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
    });
  });
});
