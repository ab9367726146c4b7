import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { addTotp, codeOf } from '../support/factors.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

describe('A session of an account with an authenticator app', () => {
  const app = useApp('SQLite');

  it('is authenticated by two factors once the app is set up', async () => {
    const { token } = await signUp(app);
    const { body } = await app.post('/me/factors/totp').auth(token, as).expect(201);
    const code = codeOf(app, body.secret);

    const confirmed = await app
      .post(`/me/factors/totp/${body.factor_id}/confirm`)
      .auth(token, as)
      .send({ code })
      .expect(200);

    expect(confirmed.body.session.acr).toBe('2');
    expect(claimsIn(confirmed.body.session.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
  });

  it('takes the password and then a code, for what is dangerous, once its sign-in is old', async () => {
    const { token, password, refreshToken } = await signUp(app);
    const { secret, id } = await addTotp(app, token);
    app.clock.advanceSeconds(3_600);
    const refreshed = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    const old = refreshed.body.access_token;
    const { headers } = await app.delete(`/me/factors/totp/${id}`).auth(old, as).expect(401);
    expect(headers['www-authenticate']).toContain('acr_values="2"');

    const reauthenticate = (body: object) => app.post('/me/reauthenticate').auth(old, as).send(body);
    await reauthenticate({ code: codeOf(app, secret) }).expect(401);
    await reauthenticate({ password }).expect(200);
    const wrong = await reauthenticate({ code: '000000' }).expect(403);
    expect(wrong.body.code).toBe('invalid_factor');
    const { body } = await reauthenticate({ code: codeOf(app, secret) }).expect(200);

    expect(body.acr).toBe('2');
    await app.delete(`/me/factors/totp/${id}`).auth(body.access_token, as).expect(204);
  });
});
