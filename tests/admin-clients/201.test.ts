import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { askForToken, makeClient, recorded } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';

const SECRET = /^lcs_[A-Za-z0-9_-]{43}$/;

onEachDatabase((kind) => {
  describe('POST /admin/clients', () => {
    const app = useApp(kind);

    async function create(body: object) {
      const admin = await anAdmin(app);
      const response = await app
        .post('/admin/clients')
        .auth(admin.token, { type: 'bearer' })
        .send(body)
        .expect(201);
      return { admin, response, body: response.body };
    }

    it('answers 201 with the client, its secret and where it is', async () => {
      const { response, body } = await create({
        name: '  Nightly reports ',
        scope: 'tokens:introspect clients:read clients:read',
        expires_at: '2999-01-01T00:00:00Z',
      });

      const at = new Date(app.clock.now()).toISOString();
      expect(response.headers.location).toBe(`/admin/clients/${body.client_id}`);
      expect(body).toEqual({
        client_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/),
        client_secret: expect.stringMatching(SECRET),
        name: 'Nightly reports',
        scope: 'clients:read tokens:introspect',
        expires_at: '2999-01-01T00:00:00.000Z',
        created_at: at,
        updated_at: at,
        secrets: [{ secret_id: expect.any(String), created_at: at }],
      });
    });

    it('stores nothing of the secret but its SHA-256', async () => {
      const { body } = await create({ name: 'One', scope: '' });

      const rows = await app.models.clientSecrets.findAll({ where: { clientId: body.client_id } });
      const hash = createHash('sha256').update(body.client_secret).digest('hex');
      expect(rows.map((row) => row.get().hash)).toEqual([hash]);
    });

    it('answers 201 with an end in another part of the world', async () => {
      const { body } = await create({ name: 'One', scope: '', expires_at: '2999-01-01T00:00:00+02:00' });

      expect(body.expires_at).toBe('2998-12-31T22:00:00.000Z');
    });

    it('answers 201 without an end and without a scope, where that is wanted', async () => {
      const { body } = await create({ name: 'One', scope: '', expires_at: null });

      expect(body).toMatchObject({ scope: '', expires_at: null });
    });

    it('records who made it, without the secret', async () => {
      const { admin, body } = await create({ name: 'One', scope: 'clients:read' });

      expect(await recorded(app, 'client.created', body.client_id)).toEqual([
        {
          actorType: 'user',
          actorId: admin.id,
          outcome: 'success',
          ip: expect.any(String),
          requestId: expect.any(String),
          details: {
            name: 'One',
            scope: 'clients:read',
            expires_at: null,
            secret_id: body.secrets[0].secret_id,
          },
        },
      ]);
    });

    it('answers 201 to a client that may create others', async () => {
      const maker = await makeClient(app, { scope: 'clients:create clients:read' });
      const token = (await askForToken(app, maker).expect(200)).body.access_token;

      const made = await makeClient(app, { scope: 'clients:read' }, token);

      await askForToken(app, made).expect(200);
      expect(await recorded(app, 'client.created', made.id)).toMatchObject([
        { actorType: 'client', actorId: maker.id },
      ]);
    });
  });

  describe('POST /admin/clients/{client_id}/secrets', () => {
    const app = useApp(kind);

    it('answers 201 with a second secret, and both are good until the first is removed', async () => {
      const { id: adminId, token } = await anAdmin(app);
      const client = await makeClient(app);
      app.clock.advanceSeconds(1);
      const { body } = await app
        .post(`/admin/clients/${client.id}/secrets`)
        .auth(token, { type: 'bearer' })
        .expect(201);

      expect(body).toEqual({ secret_id: expect.any(String), client_secret: expect.stringMatching(SECRET) });
      const second = { id: client.id, secret: body.client_secret };
      await askForToken(app, client).expect(200);
      await askForToken(app, second).expect(200);
      const read = await app.get(`/admin/clients/${client.id}`).auth(token, { type: 'bearer' }).expect(200);
      expect(read.body.secrets).toHaveLength(2);
      expect(read.body.secrets[1].secret_id).toBe(body.secret_id);
      expect(await recorded(app, 'client.secret_added', client.id)).toMatchObject([
        { actorId: adminId, details: { secret_id: body.secret_id } },
      ]);

      const [first] = read.body.secrets;
      await app
        .delete(`/admin/clients/${client.id}/secrets/${first.secret_id}`)
        .auth(token, { type: 'bearer' })
        .expect(204);
      await askForToken(app, client).expect(401);
      await askForToken(app, second).expect(200);
    });
  });
});
