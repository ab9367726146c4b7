import { describe, expect, it } from '@jest/globals';
import { anAdmin, ledgerOf } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;
const WRONG_ROLES = [
  null,
  'user',
  {},
  [1],
  [null],
  [''],
  ['User'],
  ['a b'],
  ["'"],
  ['x'.repeat(65)],
  ['.'],
  ['..'],
  [['user']],
];
const TOO_MANY_ROLES = Array.from({ length: 51 }, (_, index) => `role-${index}`);

onOneDatabase((kind) => {
  describe('GET /admin/users', () => {
    const app = useApp(kind);

    it.each([
      'limit=0',
      'limit=201',
      'limit=1000',
      'limit=-1',
      'limit=1.5',
      'limit=1e2',
      'limit=',
      'limit=all',
      'limit=%2050',
      'limit=5&limit=6',
      'cursor=',
      'cursor=1',
      'cursor=01980000-0000-7000-8000-00000000000',
      "cursor='",
      'cursor=01980000-0000-7000-8000-00000000000a&cursor=01980000-0000-7000-8000-00000000000a',
      'state=',
      'state=all',
      'state=Active',
      'state=active&state=disabled',
      'role=',
      'role=Admin',
      'role=..',
      "role='",
      'role=admin&role=user',
      'search=',
      `search=${'x'.repeat(255)}`,
      'search=a&search=b',
      'search=a%00',
      'search[]=a',
      'offset=10',
      'page=2',
    ])('answers 400 to the query %s', async (query) => {
      const { token } = await anAdmin(app);

      const { body } = await app.get(`/admin/users?${query}`).auth(token, auth).expect(400);

      expect(body.code).toBe('validation_failed');
      expect(body.errors.length).toBeGreaterThan(0);
    });
  });

  describe('POST /admin/users', () => {
    const app = useApp(kind);

    it.each<[pointer: string, change: unknown]>([
      ['/email', { email: undefined }],
      ['/email', { email: null }],
      ['/email', { email: 1 }],
      ['/email', { email: 'nobody' }],
      ['/email', { email: ['a@example.com'] }],
      ['/email_verified', { email_verified: 'true' }],
      ['/email_verified', { email_verified: null }],
      ['/password', { password: null }],
      ['/password', { password: 12_345_678 }],
      ['/password', { password: '' }],
      ['/password', { password: 'short' }],
      ['/password', { password: 'password' }],
      ['/username', { username: null }],
      ['/username', { username: 'a' }],
      ['/username', { username: 'a b c' }],
      ['/name', { name: null }],
      ['/name', { name: 'x'.repeat(201) }],
      ['/name', { name: 'line\nend' }],
      ...WRONG_ROLES.map((roles): [string, unknown] => ['/roles', { roles }]),
      ['/roles', { roles: TOO_MANY_ROLES }],
      ['/id', { id: '01980000-0000-7000-8000-00000000000a' }],
      ['/password_hash', { password_hash: 'x' }],
      ['/disabled_at', { disabled_at: null }],
    ])('answers 400 pointing at %s of %j, and creates no account', async (pointer, change) => {
      const { token } = await anAdmin(app);
      const before = await app.models.users.count();

      const body = { email: aPerson().email, ...(change as object) };
      const response = await app.post('/admin/users').auth(token, auth).send(body).expect(400);

      expect(response.body.code).toBe('validation_failed');
      expect(response.body.errors[0].pointer.startsWith(pointer)).toBe(true);
      expect(await app.models.users.count()).toBe(before);
    });

    it('answers 400 pointing at the role whose name cannot be one', async () => {
      const { token } = await anAdmin(app);

      const body = { email: aPerson().email, roles: ['user', '..'] };
      const response = await app.post('/admin/users').auth(token, auth).send(body).expect(400);

      expect(response.body.errors).toMatchObject([{ pointer: '/roles/1', code: 'invalid_role' }]);
    });

    it('answers 400 to a password that is the address or the name of the new user', async () => {
      const { token } = await anAdmin(app);
      const { email } = aPerson();

      for (const password of [email, 'Canary Grace']) {
        const body = { email, password, name: 'Canary Grace' };
        const response = await app.post('/admin/users').auth(token, auth).send(body).expect(400);
        expect(response.body.errors[0]).toMatchObject({ pointer: '/password', code: 'password_personal' });
      }
    });

    it.each(['[]', '"x"', '1', 'null', '{', ''])('answers 400 to the body %j', async (text) => {
      const { token } = await anAdmin(app);

      const { body } = await app.post('/admin/users').auth(token, auth).type('json').send(text).expect(400);

      expect(['validation_failed', 'invalid_json']).toContain(body.code);
    });
  });

  describe('PATCH /admin/users/{id}', () => {
    const app = useApp(kind);

    it.each([
      {},
      [],
      { email: null },
      { email: '' },
      { email: 'a@b@c' },
      { email_verified: 1 },
      { username: '' },
      { username: 5 },
      { name: {} },
      { name: 'x'.repeat(201) },
      { name: 'Grace', password: 'canary canary' },
      { name: 'Grace', roles: ['admin'] },
      { name: 'Grace', disabled_at: null },
      { name: 'Grace', id: '01980000-0000-7000-8000-00000000000a' },
      { name: 'Grace', __proto__x: 1 },
    ])('answers 400 to %j, and nothing is changed or written down', async (change) => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      const before = await app.get(`/admin/users/${id}`).auth(token, auth).expect(200);
      app.clock.advanceSeconds(1);

      const response = await app.patch(`/admin/users/${id}`).auth(token, auth).send(change).expect(400);

      expect(response.body.code).toBe('validation_failed');
      const after = await app.get(`/admin/users/${id}`).auth(token, auth).expect(200);
      expect(after.body).toEqual(before.body);
      const recorded = await ledgerOf(app).list({ type: 'user.updated', subjectId: id }, 50, undefined);
      expect(recorded).toEqual([]);
    });
  });

  describe('PUT /admin/users/{id}/roles', () => {
    const app = useApp(kind);

    it.each<unknown>([
      {},
      [],
      ['user'],
      { role: 'user' },
      { roles: ['user'], add: [] },
      ...WRONG_ROLES.map((roles) => ({ roles })),
      { roles: TOO_MANY_ROLES },
    ])('answers 400 to %j, and the roles stay', async (body) => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);

      const given = app.put(`/admin/users/${id}/roles`).auth(token, auth);
      const response = await given.send(body as object).expect(400);

      expect(response.body.code).toBe('validation_failed');
      expect((await app.store.userRoles.rolesOf([id])).get(id)).toEqual(['user']);
    });
  });
});
