import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { onOneDatabase } from '../support/databases.ts';

type Body = Record<string, unknown>;

const GOOD: Body = { name: 'Nightly reports', scope: 'clients:read' };

const BAD: readonly [what: string, body: Body, pointer: string, code: string][] = [
  ['no name', { scope: '' }, '/name', 'required'],
  ['an empty name', { ...GOOD, name: '' }, '/name', 'invalid_name'],
  ['a name of spaces', { ...GOOD, name: ' \u00a0 ' }, '/name', 'invalid_name'],
  ['a name of 201 characters', { ...GOOD, name: 'a'.repeat(201) }, '/name', 'invalid_name'],
  ['a name with a line end', { ...GOOD, name: 'a\nb' }, '/name', 'invalid_name'],
  ['a name that turns the text', { ...GOOD, name: 'a\u202eb' }, '/name', 'invalid_name'],
  ['a name with half a character', { ...GOOD, name: 'a\ud800' }, '/name', 'malformed_text'],
  ['a number for a name', { ...GOOD, name: 7 }, '/name', 'wrong_type'],
  ['no scope', { name: 'One' }, '/scope', 'required'],
  ['a list for a scope', { ...GOOD, scope: ['clients:read'] }, '/scope', 'wrong_type'],
  ['null for a scope', { ...GOOD, scope: null }, '/scope', 'wrong_type'],
  ['two spaces in a scope', { ...GOOD, scope: 'clients:read  clients:list' }, '/scope', 'invalid_scope'],
  ['a space behind a scope', { ...GOOD, scope: 'clients:read ' }, '/scope', 'invalid_scope'],
  ['a tab in a scope', { ...GOOD, scope: 'clients:read\tclients:list' }, '/scope', 'invalid_scope'],
  ['a quotation mark in a scope', { ...GOOD, scope: 'clients:"read' }, '/scope', 'invalid_scope'],
  ['an umlaut in a scope', { ...GOOD, scope: 'clients:r\u00e4d' }, '/scope', 'invalid_scope'],
  ['a name of 129 characters in a scope', { ...GOOD, scope: 'a'.repeat(129) }, '/scope', 'invalid_scope'],
  [
    'a scope that fits into no token',
    { ...GOOD, scope: 'ab '.repeat(2_000).trim() },
    '/scope',
    'invalid_scope',
  ],
  ['a day for a time', { ...GOOD, expires_at: '2999-01-01' }, '/expires_at', 'invalid_time'],
  ['no time at all', { ...GOOD, expires_at: '' }, '/expires_at', 'invalid_time'],
  [
    'a day that no calendar has',
    { ...GOOD, expires_at: '2999-02-30T00:00:00Z' },
    '/expires_at',
    'invalid_time',
  ],
  ['a time without an offset', { ...GOOD, expires_at: '2999-01-01T00:00:00' }, '/expires_at', 'invalid_time'],
  [
    'a time beyond all years',
    { ...GOOD, expires_at: '9999-12-31T23:59:59-12:00' },
    '/expires_at',
    'invalid_time',
  ],
  ['a number for a time', { ...GOOD, expires_at: 4_000_000_000 }, '/expires_at', 'wrong_type'],
  ['a time that is past', { ...GOOD, expires_at: '2020-01-01T00:00:00Z' }, '/expires_at', 'invalid_time'],
  ['a secret of its own', { ...GOOD, client_secret: 'lcs_mine' }, '/client_secret', 'unknown_field'],
];

onOneDatabase((kind) => {
  describe('POST and PATCH /admin/clients', () => {
    const app = useApp(kind);

    it.each(BAD)('answer 400 to %s', async (_what, body, pointer, code) => {
      const { token } = await anAdmin(app);
      const before = await app.models.clients.count();

      const response = await app
        .post('/admin/clients')
        .auth(token, { type: 'bearer' })
        .send(body)
        .expect(400);

      expect(response.body.code).toBe('validation_failed');
      expect(response.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
      expect(await app.models.clients.count()).toBe(before);
    });

    it('answer 400 to the same things in a change, and the client stays as it is', async () => {
      const { token } = await anAdmin(app);
      const { id } = await makeClient(app, {}, token);
      const before = await app.get(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).expect(200);

      for (const [what, body, pointer, code] of BAD.filter((example) => example[3] !== 'required')) {
        const response = await app.patch(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).send(body);
        expect({ what, status: response.status, errors: response.body.errors }).toEqual({
          what,
          status: 400,
          errors: expect.arrayContaining([expect.objectContaining({ pointer, code })]),
        });
      }

      const after = await app.get(`/admin/clients/${id}`).auth(token, { type: 'bearer' }).expect(200);
      expect(after.body).toEqual(before.body);
    });

    it('answer 400 to a change of nothing', async () => {
      const { token } = await anAdmin(app);
      const { id } = await makeClient(app, {}, token);

      const { body } = await app
        .patch(`/admin/clients/${id}`)
        .auth(token, { type: 'bearer' })
        .send({})
        .expect(400);

      expect(body.errors).toEqual([expect.objectContaining({ pointer: '', code: 'empty' })]);
    });

    it.each([
      [{ limit: '0' }, '/limit'],
      [{ limit: '201' }, '/limit'],
      [{ limit: '-1' }, '/limit'],
      [{ limit: 'all' }, '/limit'],
      [{ limit: '1.5' }, '/limit'],
      [{ limit: '01' }, '/limit'],
      [{ cursor: 'garbage' }, '/cursor'],
      [{ page: '2' }, '/page'],
    ])('answer 400 to a list with %j', async (query, pointer) => {
      const { token } = await anAdmin(app);

      const { body } = await app
        .get('/admin/clients')
        .query(query)
        .auth(token, { type: 'bearer' })
        .expect(400);

      expect(body.errors).toEqual([expect.objectContaining({ pointer })]);
    });
  });
});
