import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { addTotp, codeOf } from '../support/factors.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

describe('Where the operator requires a second factor of all', () => {
  const app = useApp('SQLite', { MFA_REQUIRED: 'all' });

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
