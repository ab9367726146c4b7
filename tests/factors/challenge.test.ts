import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { lockdownTokenOf, refusalOf } from '../support/codes.ts';
import { PAGE, sessionCookieIn } from '../support/cookies.ts';
import { aKnownDevice, answer, challengeFor, codeOf, signUpWithTotp, totpOf } from '../support/factors.ts';
import { aPerson } from '../support/people.ts';

const as = { type: 'bearer' } as const;
const INVALID = '400 invalid_challenge';

describe('The challenge for a second factor', () => {
  const app = useApp('SQLite', { CORS_ORIGINS: PAGE });

  it('is good for five minutes', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const [early, late] = [await challengeFor(app, person), await challengeFor(app, person)];

    app.clock.advanceSeconds(299);
    await answer(app, early, totpOf(app, totp)).expect(200);
    app.clock.advanceSeconds(1);

    expect(refusalOf(await answer(app, late, totpOf(app, totp, 1)))).toBe('400 challenge_expired');
  });

  it('is good once, and after as many wrong codes as one likes to try', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const challenge = await challengeFor(app, person);
    for (let time = 0; time < 4; time++) {
      const wrong = await answer(app, challenge, { method: 'recovery_code', code: 'bbbbb-bbbbb' });
      expect(refusalOf(wrong)).toBe('403 invalid_factor');
    }

    await answer(app, challenge, totpOf(app, totp)).expect(200);

    expect(refusalOf(await answer(app, challenge, totpOf(app, totp, 1)))).toBe('400 challenge_used');
  });

  it('is as good as before after a code that was used already', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const challenge = await challengeFor(app, person);

    // The app was set up with that of the step before.
    expect(refusalOf(await answer(app, challenge, totpOf(app, totp, -1)))).toBe('403 invalid_factor');

    await answer(app, challenge, totpOf(app, totp)).expect(200);
  });

  it('is that of one account, and takes no factor of another', async () => {
    const [one, other] = [await signUpWithTotp(app), await signUpWithTotp(app)];
    const challenge = await challengeFor(app, one);
    const [code = ''] = other.totp.recoveryCodes;

    for (const given of [totpOf(app, other.totp), { method: 'recovery_code', code } as const]) {
      expect(refusalOf(await answer(app, challenge, given))).toBe('403 invalid_factor');
    }
  });

  it('takes only the methods that it names', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const challenge = await challengeFor(app, person);

    for (const method of ['email_code', 'phone_code'] as const) {
      const refused = await answer(app, challenge, { method, code: codeOf(app, totp.secret) });
      expect(refusalOf(refused)).toBe('403 factor_not_allowed');
    }
    const options = await app
      .post('/login/factor/options')
      .send({ challenge_token: challenge.challenge_token });
    expect(refusalOf(options)).toBe('403 factor_not_allowed');
  });

  it('wants the device that the first factor was shown with', async () => {
    const { totp, deviceToken: former, ...person } = await signUpWithTotp(app);
    const deviceToken = await aKnownDevice(app, person, totp);
    const challenge = await challengeFor(app, person, { device_token: deviceToken });

    for (const more of [{}, { device_token: former }]) {
      expect(refusalOf(await answer(app, challenge, { ...totpOf(app, totp), ...more }))).toBe(INVALID);
    }
    const { body } = await answer(app, challenge, {
      ...totpOf(app, totp),
      device_token: deviceToken,
    }).expect(200);

    expect(body.device_token.split('.')[0]).toBe(deviceToken.split('.')[0]);
  });

  it.each<[what: string, end: (person: Awaited<ReturnType<typeof signUpWithTotp>>) => Promise<unknown>]>([
    [
      'another password',
      ({ token, password }) =>
        app
          .post('/me/password')
          .auth(token, as)
          .send({ current_password: password, new_password: aPerson().password })
          .expect(204),
    ],
    ['the end of the account', ({ id }) => app.store.users.removeAny(id)],
    ['its being disabled', ({ id }) => app.store.users.disable(id, new Date(app.clock.now()))],
    [
      'its being locked down',
      async ({ id }) =>
        app
          .post('/lockdown')
          .send({ token: await lockdownTokenOf(app, id) })
          .expect(204),
    ],
  ])('ends with %s', async (_what, end) => {
    const person = await signUpWithTotp(app);
    const challenge = await challengeFor(app, person);

    await end(person);

    expect(refusalOf(await answer(app, challenge, totpOf(app, person.totp)))).toBe(INVALID);
  });

  it('is no other secret, and no other secret is one', async () => {
    const { totp, refreshToken, id, ...person } = await signUpWithTotp(app);
    const { challenge_token } = await challengeFor(app, person);
    const lockdown = await lockdownTokenOf(app, id);

    await app.post('/login/exchange').send({ code: challenge_token }).expect(400);
    await app.post('/lockdown').send({ token: challenge_token }).expect(400);
    expect(refusalOf(await answer(app, { challenge_token: lockdown }, totpOf(app, totp)))).toBe(INVALID);
    expect(refreshToken).not.toContain(challenge_token);
  });

  it('answers as the login would have: with tokens, or with a cookie where that was asked for', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const byToken = await answer(app, await challengeFor(app, person), totpOf(app, totp)).expect(200);
    const { email, password } = person;
    const asked = await app
      .post('/login')
      .set('Origin', PAGE)
      .send({ email, password, transport: 'cookie' })
      .expect(403);

    const byCookie = await answer(app, asked.body, totpOf(app, totp, 1))
      .set('Origin', PAGE)
      .expect(200);

    expect(claimsIn(byToken.body.access_token).amr).toEqual(['pwd', 'otp', 'mfa']);
    expect(sessionCookieIn(asked)).toBe('');
    expect(byCookie.body).toEqual({
      user: byToken.body.user,
      csrf_token: expect.any(String),
      expires_at: expect.any(String),
    });
    await app.get('/me').set('Cookie', sessionCookieIn(byCookie)).expect(200);
  });

  it('is in the audit log, and so is each wrong factor', async () => {
    const { totp, id, ...person } = await signUpWithTotp(app);
    const challenge = await challengeFor(app, person);
    await answer(app, challenge, { method: 'totp', code: 'wrong!' }).expect(403);
    await answer(app, challenge, totpOf(app, totp)).expect(200);

    const rows = await app.models.ledger.findAll({ where: { subjectId: id }, raw: true });
    const told = rows.map(({ type, outcome, details }) => [type, outcome, details && JSON.parse(details)]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['factor.added', 'success', { factor: 'totp' }],
        ['recovery_codes.made', 'success', null],
        ['login.challenged', 'success', { method: 'password' }],
        ['factor.refused', 'failure', { reason: 'wrong_factor', method: 'totp' }],
      ]),
    );
    expect(told.filter(([type]) => type === 'login.succeeded')).toHaveLength(2);
  });
});
