import { beforeAll, describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { makeRole, signUpWith } from '../support/roles.ts';

type Case = [what: string, body: unknown, pointer: string, code: string];

const NAMES: Case[] = [
  ['no name', {}, '/name', 'required'],
  ['a number for a name', { name: 7 }, '/name', 'wrong_type'],
  ['an empty name', { name: '' }, '/name', 'invalid_role'],
  ['a name of 65 characters', { name: 'a'.repeat(65) }, '/name', 'invalid_role'],
  ['capitals in the name', { name: 'Auditor' }, '/name', 'invalid_role'],
  ['a space in the name', { name: 'an auditor' }, '/name', 'invalid_role'],
  ['a line end behind the name', { name: 'auditor\n' }, '/name', 'invalid_role'],
  ['a colon in the name', { name: 'a:b' }, '/name', 'invalid_role'],
  ['letters of other alphabets in the name', { name: 'аuditor' }, '/name', 'invalid_role'],
  ['half of a character in the name', { name: '\ud800' }, '/name', 'malformed_text'],
  ['a name that is a step in a path', { name: '.' }, '/name', 'invalid_role'],
  ['a name that is a step up in a path', { name: '..' }, '/name', 'invalid_role'],
];

const REST: Case[] = [
  ['an unknown field', { roles: [] }, '/roles', 'unknown_field'],
  ['a number for a description', { description: 7 }, '/description', 'wrong_type'],
  [
    'a description of 201 characters',
    { description: 'x'.repeat(201) },
    '/description',
    'invalid_description',
  ],
  ['a line end in the description', { description: 'a\nb' }, '/description', 'invalid_description'],
  ['a sign that turns the text', { description: 'a\u202eb' }, '/description', 'invalid_description'],
  ['half of a character in the description', { description: '\udc00' }, '/description', 'malformed_text'],
  ['a text for permissions', { permissions: 'users:read' }, '/permissions', 'wrong_type'],
  ['null for permissions', { permissions: null }, '/permissions', 'wrong_type'],
  ['an object for permissions', { permissions: { 0: 'users:read' } }, '/permissions', 'wrong_type'],
  ['a permission that is no text', { permissions: ['users:read', null] }, '/permissions/1', 'wrong_type'],
  ['a permission without a colon', { permissions: ['users'] }, '/permissions/0', 'invalid_permission'],
  ['a permission with two', { permissions: ['a:b:c'] }, '/permissions/0', 'invalid_permission'],
  ['a permission with a space', { permissions: ['a:b c:d'] }, '/permissions/0', 'invalid_permission'],
  ['a wildcard', { permissions: ['users:*'] }, '/permissions/0', 'invalid_permission'],
];

onOneDatabase((kind) => {
  const app = useApp(kind);
  let token: string;
  let name: string;
  beforeAll(async () => {
    ({ token } = await signUpWith(app, ['admin']));
    name = await makeRole(app, ['users:read']);
  });

  describe.each<[method: 'post' | 'patch', path: () => string, cases: Case[]]>([
    ['post', () => '/admin/roles', [...NAMES, ...REST]],
    ['patch', () => `/admin/roles/${name}`, REST],
  ])('%s /admin/roles', (method, path, cases) => {
    it.each(cases)('answers 400 to %s', async (_what, body, pointer, code) => {
      const response = await app[method](path())
        .auth(token, { type: 'bearer' })
        .send(body as object)
        .expect(400);

      expect(response.body.code).toBe('validation_failed');
      expect(response.body.errors).toContainEqual({ pointer, code, detail: expect.any(String) });
    });

    it.each([
      ['no JSON', '{', 'invalid_json'],
      ['a list', '[]', 'validation_failed'],
    ])('answers 400 to %s', async (_what, text, code) => {
      const response = await app[method](path())
        .auth(token, { type: 'bearer' })
        .type('application/json')
        .send(text)
        .expect(400);

      expect(response.body.code).toBe(code);
    });
  });

  describe('PATCH /admin/roles/{name}', () => {
    it('answers 400 to a body that changes nothing', async () => {
      const path = `/admin/roles/${name}`;
      const { body } = await app.patch(path).auth(token, { type: 'bearer' }).send({}).expect(400);

      expect(body.errors).toMatchObject([{ pointer: '', code: 'empty' }]);
    });

    it('answers 400 to another name, since tokens carry it', async () => {
      const path = `/admin/roles/${name}`;
      const { body } = await app.patch(path).auth(token, { type: 'bearer' }).send({ name: 'x' }).expect(400);

      expect(body.errors).toContainEqual(
        expect.objectContaining({ pointer: '/name', code: 'unknown_field' }),
      );
    });
  });

  describe('GET /admin/roles and GET /admin/permissions', () => {
    it.each([
      ['limit=0', '/limit'],
      ['limit=-1', '/limit'],
      ['limit=201', '/limit'],
      ['limit=1e2', '/limit'],
      ['limit=', '/limit'],
      ['limit=ten', '/limit'],
      ['limit=1&limit=2', '/limit'],
      [`cursor=${'a'.repeat(129)}`, '/cursor'],
      ['cursor=', '/cursor'],
      ['cursor=%00', '/cursor'],
      ['cursor=Users', '/cursor'],
      ["cursor='", '/cursor'],
      ['cursor=a%20b', '/cursor'],
      ['page=2', '/page'],
    ])('answer 400 to ?%s', async (query, pointer) => {
      for (const path of ['/admin/roles', '/admin/permissions']) {
        const { body } = await app.get(`${path}?${query}`).auth(token, { type: 'bearer' }).expect(400);

        expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
      }
    });
  });

  it.each([
    ['roles', 'users:read', 'invalid_role'],
    ['permissions', 'users', 'invalid_permission'],
  ])('GET /admin/%s answers 400 to the cursor %s, which is no name of theirs', async (path, cursor, code) => {
    const { body } = await app
      .get(`/admin/${path}?cursor=${cursor}`)
      .auth(token, { type: 'bearer' })
      .expect(400);

    expect(body.errors).toMatchObject([{ pointer: '/cursor', code }]);
  });

  describe('DELETE /admin/roles/{name}', () => {
    it.each(['force=1', 'force=', 'force=TRUE', 'force=true&force=true', 'really=true'])(
      'answers 400 to ?%s and deletes nothing',
      async (query) => {
        const { body } = await app
          .delete(`/admin/roles/${name}?${query}`)
          .auth(token, { type: 'bearer' })
          .expect(400);

        expect(body.code).toBe('validation_failed');
        expect(await app.store.roles.find(name)).not.toBeNull();
      },
    );
  });
});
