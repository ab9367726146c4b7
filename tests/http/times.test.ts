import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

const bearer = { type: 'bearer' } as const;

/** One moment, as the programs of the world write it (RFC 3339). */
const SPELLINGS = [
  '2019-05-04T00:00:00Z',
  '2019-05-04T00:00:00.000Z',
  '2019-05-04T00:00:00.000000+00:00',
  '2019-05-04T00:00:00+00:00',
  '2019-05-04T00:00:00-00:00',
  '2019-05-04T05:45:00+05:45',
  '2019-05-03T14:00:00-10:00',
  '2019-05-04t00:00:00z',
];

onEachDatabase((kind) => {
  describe('A time', () => {
    const app = useApp(kind);

    it.each(SPELLINGS)('is taken by an import as %s, and shown in UTC', async (created_at) => {
      const { token } = await anAdmin(app);
      const { email } = aPerson();

      const { body } = await app
        .post('/admin/users/import')
        .auth(token, bearer)
        .send({ users: [{ email, created_at }] })
        .expect(200);

      expect(body).toMatchObject({ imported: 1 });
      const user = await app.get(`/admin/users/${body.results[0].id}`).auth(token, bearer).expect(200);
      expect(user.body.user.created_at).toBe('2019-05-04T00:00:00.000Z');
    });

    it.each(SPELLINGS)('is taken by the other routes as %s, a century later', async (spelling) => {
      const { token } = await anAdmin(app);
      const expires_at = spelling.replace('2019', '2119');
      const send = (path: string, body: object) => app.post(path).auth(token, bearer).send(body).expect(201);

      const key = await send('/api-keys', { name: 'A key', expires_at });
      const client = await send('/admin/clients', { name: 'A client', scope: '', expires_at });
      const changed = await app
        .patch(`/admin/clients/${client.body.client_id}`)
        .auth(token, bearer)
        .send({ expires_at })
        .expect(200);

      for (const { body } of [key, client, changed]) expect(body.expires_at).toBe('2119-05-04T00:00:00.000Z');
    });

    it.each(SPELLINGS)('is taken by a query as %s', async (spelling) => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      const find = async (query: Record<string, string>) => {
        const found = await app
          .get('/admin/audit')
          .auth(token, bearer)
          .query({ subject: id, ...query });
        return found.body.events.length;
      };

      expect(await find({ from: spelling })).toBe(3);
      expect(await find({ until: spelling })).toBe(0);
      expect(await find({ from: spelling.replace('2019', '2119') })).toBe(0);
    });

    it.each([
      '2019-05-04',
      '2019-05-04T00:00:00',
      '2019-02-30T00:00:00Z',
      '2019-05-04T25:00:00Z',
      '2019-05-04T00:00:00+0000',
      '2019-05-04T00:00:00+24:00',
      '10000-01-01T00:00:00Z',
      '9999-12-31T23:59:59-01:00',
      '1556928000',
      'yesterday',
    ])('is refused as %s', async (spelling) => {
      const { token } = await anAdmin(app);

      const key = await app
        .post('/api-keys')
        .auth(token, bearer)
        .send({ name: 'A key', expires_at: spelling })
        .expect(400);
      const imported = await app
        .post('/admin/users/import')
        .auth(token, bearer)
        .send({ users: [{ email: aPerson().email, created_at: spelling }] })
        .expect(200);

      expect(key.body.errors).toMatchObject([{ pointer: '/expires_at', code: 'invalid_time' }]);
      expect(imported.body).toMatchObject({ imported: 0, results: [{ code: 'validation_failed' }] });
    });
  });
});
