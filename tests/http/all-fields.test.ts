import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;
const PAST = '2001-01-01T00:00:00Z';

/** Whatever can be known without the database is reported in one answer, so that a form is corrected once. */
describe('A body of which several fields are unacceptable', () => {
  const app = useApp('SQLite', { PASSWORD_MIN_LENGTH: '10' });

  type Errors = readonly { readonly pointer: string; readonly code: string }[];
  const codesOf = ({ body }: { body: { errors: Errors } }) =>
    Object.fromEntries(body.errors.map(({ pointer, code }) => [pointer, code]));

  it('is refused by a sign-up for all of them, the password included', async () => {
    const response = await app
      .post('/signup')
      .send({ email: 'nobody', password: 'short', username: '!', name: 7, more: true })
      .expect(400);

    expect(codesOf(response)).toEqual({
      '/email': 'invalid_email',
      '/password': 'password_too_short',
      '/username': 'invalid_username',
      '/name': 'wrong_type',
      '/more': 'unknown_field',
    });
    expect(response.body.detail).toContain('/password: A password has at least 10 characters.');
  });

  it.each([
    [{ password: 'short' }, { '/email': 'required', '/password': 'password_too_short' }],
    [
      { email: 7, username: 'grace-hopper', password: 'grace-hopper' },
      { '/email': 'wrong_type', '/password': 'password_personal' },
    ],
    [
      { email: 'grace-hopper@example.com', username: '!', password: 'grace-hopper' },
      { '/username': 'invalid_username', '/password': 'password_personal' },
    ],
    [
      { email: 'nobody', password: 42 },
      { '/email': 'invalid_email', '/password': 'wrong_type' },
    ],
    [{ email: 'nobody' }, { '/email': 'invalid_email', '/password': 'required' }],
  ])('is refused by a sign-up whatever the others are: %j', async (body, codes) => {
    expect(codesOf(await app.post('/signup').send(body).expect(400))).toEqual(codes);
  });

  it('is refused for all of them where an administrator creates a user', async () => {
    const { token } = await anAdmin(app);

    const response = await app
      .post('/admin/users')
      .auth(token, auth)
      .send({ email: 'nobody', password: 'short', roles: ['NOT A ROLE'] })
      .expect(400);

    expect(codesOf(response)).toEqual({
      '/email': 'invalid_email',
      '/password': 'password_too_short',
      '/roles/0': 'invalid_role',
    });
  });

  it('is refused for both passwords where one is changed, and no password is compared', async () => {
    const { token, password } = await signUp(app);
    const change = (body: object) => app.post('/me/password').auth(token, auth).send(body);

    const both = await change({ current_password: 1, new_password: 'short' }).expect(400);
    const wrong = await change({ current_password: `${CANARY} wrong`, new_password: 'short' }).expect(400);

    expect(codesOf(both)).toEqual({
      '/current_password': 'wrong_type',
      '/new_password': 'password_too_short',
    });
    expect(codesOf(wrong)).toEqual({ '/new_password': 'password_too_short' });
    await change({ current_password: password, new_password: aPerson().password }).expect(204);
  });

  it('is refused for a name and an expiry in the past', async () => {
    const { token } = await anAdmin(app);
    const { id } = await makeClient(app, {}, token);
    const body = { name: '', expires_at: PAST };
    const codes = { '/name': 'invalid_name', '/expires_at': 'invalid_time' };

    const key = await app.post('/api-keys').auth(token, auth).send(body).expect(400);
    const client = await app
      .post('/admin/clients')
      .auth(token, auth)
      .send({ ...body, scope: '' })
      .expect(400);
    const change = await app.patch(`/admin/clients/${id}`).auth(token, auth).send(body).expect(400);

    for (const response of [key, client, change]) expect(codesOf(response)).toEqual(codes);
  });

  it('is refused for both where an import has an address that is none and a time to come', async () => {
    const { token } = await anAdmin(app);

    const { body } = await app
      .post('/admin/users/import')
      .auth(token, auth)
      .send({ users: [{ email: 'nobody', created_at: '2999-01-01T00:00:00Z' }] })
      .expect(200);

    expect(body.results[0].detail).toMatch(/\/email: .*\/created_at: Must not be in the future\./);
  });

  it('is refused by a login for the identifiers and the password', async () => {
    const response = await app.post('/login').send({ email: 'a@example.com', username: 'ada' }).expect(400);

    expect(codesOf(response)).toEqual({ '/password': 'required', '': 'one_identifier' });
  });

  it('has no more than twenty of them reported', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`field_${index}`, 1]));

    const { body } = await app
      .post('/signup')
      .send({ ...unknown, email: 'nobody', password: 'short' })
      .expect(400);

    expect(body.errors).toHaveLength(20);
  });
});
