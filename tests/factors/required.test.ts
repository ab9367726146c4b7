import { describe, expect, it } from '@jest/globals';
import { aRole } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { TEST_SECRET, type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { makeClient, postForm } from '../support/clients.ts';
import { asPage, PAGE, signUpByCookie } from '../support/cookies.ts';
import { addTotp, codeOf } from '../support/factors.ts';
import { signUp } from '../support/people.ts';
import { useVerifiers } from '../support/verifiers.ts';

const as = { type: 'bearer' } as const;

/** A user with an authenticator app and these roles, in a session that can do everything. */
async function withTotp(app: TestApp, roles: readonly string[] = []) {
  const { token, refreshToken, ...person } = await signUp(app);
  const totp = await addTotp(app, token);
  await app.store.userRoles.add(person.id, roles);
  const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
  return { ...person, totp, token: body.access_token as string };
}

const ENROLMENT = 'latchkey/factor-enrolment';

describe('Where the operator requires a second factor of all', () => {
  const app = useApp('SQLite', { MFA_REQUIRED: 'all', CORS_ORIGINS: PAGE });

  const newVerifier = useVerifiers();

  it('an account without one gets a session that can only set one up', async () => {
    const { token, refreshToken, email } = await signUp(app);

    for (const refused of [
      app.patch('/me').send({ name: 'Ada' }),
      app.get('/sessions'),
      app.get('/verify'),
      app.get('/me/identities'),
      app.post('/api-keys').send({ name: 'A key' }),
    ]) {
      const { body } = await refused.auth(token, as).expect(403);
      expect(body.code).toBe('factor_enrolment_required');
    }
    const { body } = await app.get('/me').auth(token, as).expect(200);
    expect(body.user).toMatchObject({ email, roles: [], scope: '' });
    expect(claimsIn(token).aud).toBe('latchkey/factor-enrolment');
    const refreshed = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    await app.get('/sessions').auth(refreshed.body.access_token, as).expect(403);
  });

  it('it can do everything once the factor is there', async () => {
    const { token, refreshToken } = await signUp(app);
    await addTotp(app, token);

    const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);

    await app.get('/sessions').auth(body.access_token, as).expect(200);
    expect(claimsIn(body.access_token).aud).toBe('latchkey');
  });

  it('a session with a cookie is one that can only set one up as well', async () => {
    const browser = await signUpByCookie(app);

    for (const refused of [app.get('/sessions'), app.get('/verify')]) {
      const { body } = await refused.set('Cookie', browser.cookie).expect(403);
      expect(body.code).toBe('factor_enrolment_required');
    }
    for (const refused of [app.patch('/me').send({ name: 'Ada' }), app.post('/session/token')])
      await asPage(refused, browser).expect(403);
    await app.get('/csrf').set('Cookie', browser.cookie).expect(200);

    const { body } = await asPage(app.post('/me/factors/totp'), browser).expect(201);
    await asPage(app.post(`/me/factors/totp/${body.factor_id}/confirm`), browser)
      .send({ code: codeOf(app, body.secret) })
      .expect(200);

    await app.get('/sessions').set('Cookie', browser.cookie).expect(200);
  });

  it('its token is for no other service', async () => {
    const enrolling = await signUp(app);
    const admin = await withTotp(app, ['admin']);
    const client = await makeClient(app, { scope: 'tokens:introspect' }, admin.token);

    const { body } = await postForm(app, '/oauth/introspect', { token: enrolling.token }, client).expect(200);

    expect(body).toEqual({ active: false });
    const verifier = newVerifier({ secret: TEST_SECRET });
    await expect(verifier.verify(enrolling.token)).rejects.toMatchObject({ code: 'token_invalid' });
    expect((await verifier.verify(admin.token)).sub).toBe(admin.id);
  });

  it('API keys that there are go on as before', async () => {
    const { id, token } = await withTotp(app);
    const { key } = await makeKey(app, token);
    await app.store.factors.removeAll(id);
    await app.store.users.endSecondFactor(id);

    await app.get('/verify').auth(key, as).expect(200);
  });

  it('the last one cannot be removed', async () => {
    const { email, password, token } = await signUp(app);
    const { id, secret } = await addTotp(app, token);
    app.clock.advanceSeconds(30);
    const { body: challenge } = await app.post('/login').send({ email, password }).expect(403);
    const { body } = await app
      .post('/login/factor')
      .send({ challenge_token: challenge.challenge_token, method: 'totp', code: codeOf(app, secret) })
      .expect(200);

    const refused = await app.delete(`/me/factors/totp/${id}`).auth(body.access_token, as).expect(409);

    expect(refused.body.code).toBe('last_factor');
    await app.post('/login').send({ email, password }).expect(403);
  });
});

describe.each([
  ['admins', 'admin'],
  ['a role by its name', 'support.lead'],
])('Where the operator requires a second factor of %s', (_of, role) => {
  const app = useApp('SQLite', { MFA_REQUIRED: role === 'admin' ? 'admins' : role });

  it('those who have the role can only set one up, also where they got it meanwhile, and all others do as before', async () => {
    if (role !== 'admin') {
      const at = new Date(app.clock.now());
      await app.models.roles.create({
        name: role,
        description: null,
        version: at,
        createdAt: at,
        updatedAt: at,
      });
    }
    const [person, other] = [await signUp(app), await signUp(app)];
    const refresh = async ({ refreshToken }: { refreshToken: string }) =>
      (await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200)).body.access_token;
    await app.store.userRoles.add(other.id, [await aRole(app)]);

    await app.get('/sessions').auth(person.token, as).expect(200);
    await app.store.userRoles.add(person.id, [role]);

    const { email, password } = person;
    const { body } = await app.post('/login').send({ email, password }).expect(200);
    for (const token of [body.access_token, await refresh(person)]) {
      expect(claimsIn(token)).toMatchObject({ aud: ENROLMENT, scope: '', roles: [] });
      await app.get('/sessions').auth(token, as).expect(403);
    }
    expect(claimsIn(await refresh(other)).aud).toBe('latchkey');
  });
});
