import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

/** Each time a route takes an id, it is given in capitals, as programs in C# and SQL Server write it. */
onEachDatabase((kind) => {
  describe('An id in capitals', () => {
    const app = useApp(kind);

    it('ends a session of one’s own', async () => {
      const { token, sessionId = '' } = await signUp(app);

      await app.delete(`/sessions/${sessionId.toUpperCase()}`).auth(token, { type: 'bearer' }).expect(204);

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
    });

    it('names a user, their session and their API key to an administrator', async () => {
      const { token } = await anAdmin(app);
      const { id, token: own, sessionId = '' } = await signUp(app);
      const made = await app
        .post('/api-keys')
        .auth(own, { type: 'bearer' })
        .send({ name: 'A key' })
        .expect(201);
      const user = `/admin/users/${id.toUpperCase()}`;
      const key = `${user}/api-keys/${made.body.id.toUpperCase()}`;
      const send = (method: 'get' | 'post' | 'delete', path: string) =>
        app[method](path).auth(token, { type: 'bearer' });

      const { body } = await send('get', user).expect(200);
      expect(body.user.id).toBe(id);
      const keys = await send('get', `${user}/api-keys`).expect(200);
      expect(keys.body.api_keys).toHaveLength(1);
      await send('delete', key).expect(204);
      await send('delete', `${user}/sessions/${sessionId.toUpperCase()}`).expect(204);
      await send('post', `${user}/disable`).expect(200);
      await send('delete', user).expect(204);
      await send('get', user).expect(404);
    });

    it('names an API key to its owner', async () => {
      const { token } = await signUp(app);
      const made = await app
        .post('/api-keys')
        .auth(token, { type: 'bearer' })
        .send({ name: 'A' })
        .expect(201);
      const path = `/api-keys/${made.body.id.toUpperCase()}`;

      await app.get(path).auth(token, { type: 'bearer' }).expect(200);
      await app.delete(path).auth(token, { type: 'bearer' }).expect(204);
    });

    it('names a machine client and its secret, also where the client authenticates', async () => {
      const { token } = await anAdmin(app);
      const { id, secret } = await makeClient(app, {}, token);
      const capitals = id.toUpperCase();
      const grant = { grant_type: 'client_credentials' };

      const { body } = await app
        .get(`/admin/clients/${capitals}`)
        .auth(token, { type: 'bearer' })
        .expect(200);
      await app.post('/oauth/token').type('form').auth(capitals, secret).send(grant).expect(200);
      await app
        .post('/oauth/token')
        .type('form')
        .auth(id, secret)
        .send({ ...grant, client_id: capitals })
        .expect(200);
      await app
        .post('/oauth/token')
        .type('form')
        .send({ ...grant, client_id: capitals, client_secret: secret })
        .expect(200);
      const kept = body.secrets[0].secret_id.toUpperCase();
      await app
        .delete(`/admin/clients/${capitals}/secrets/${kept}`)
        .auth(token, { type: 'bearer' })
        .expect(204);
    });

    it('finds the same in a filter and a search, and is the same cursor', async () => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      const get = (path: string) => app.get(path).auth(token, { type: 'bearer' }).expect(200);
      const capitals = id.toUpperCase();

      const search = await get(`/admin/users?search=${capitals}`);
      const bySubject = await get(`/admin/audit?subject=${capitals}`);
      const byActor = await get(`/admin/audit?actor=${capitals}`);
      const after = await get(`/admin/users?cursor=${id}`);
      const afterCapitals = await get(`/admin/users?cursor=${capitals}`);

      expect(search.body.users).toMatchObject([{ id }]);
      expect(bySubject.body.events).toMatchObject([
        { type: 'code.sent' },
        { type: 'login.succeeded' },
        { type: 'user.signed_up' },
      ]);
      expect(byActor.body.events.length).toBeGreaterThan(0);
      expect(afterCapitals.body).toEqual(after.body);
    });
  });
});
