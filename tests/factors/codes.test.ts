import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import {
  aPhone,
  codeFor,
  markVerified,
  messagesDuring,
  messageTo,
  refusalOf,
  signInBy,
  wrong,
} from '../support/codes.ts';
import { answer, type Challenge, challengeFor, signUpWithTotp } from '../support/factors.ts';
import { signUp } from '../support/people.ts';
import { expectLimited } from '../support/quotas.ts';

const METHODS = { MFA_METHODS: 'totp,email_code,phone_code' };

function ask(app: TestApp, { challenge_token }: Pick<Challenge, 'challenge_token'>, method: string) {
  return app.post('/login/factor/code').send({ challenge_token, method });
}

/** The code of the message that comes of it. */
async function codeOf(app: TestApp, challenge: Challenge, method: string): Promise<string> {
  const [message] = await messagesDuring(app, () => ask(app, challenge, method).expect(202));
  return message?.code ?? '';
}

/** A user whose address and number are verified, with an authenticator app. */
async function reachable(app: TestApp) {
  const person = await signUpWithTotp(app);
  const phone = aPhone();
  await markVerified(app, person.email);
  await app.store.users.setPhone(person.id, phone, new Date(app.clock.now()));
  return { ...person, phone };
}

describe('A code by a message as the second factor', () => {
  const app = useApp('SQLite', METHODS);

  it.each([
    ['email_code', ['pwd', 'otp', 'mfa']],
    ['phone_code', ['pwd', 'otp', 'sms', 'mfa']],
  ] as const)('is that of %s, for five minutes and once', async (method, amr) => {
    const person = await reachable(app);
    const challenge = await challengeFor(app, person);
    const { body: sent } = await ask(app, challenge, method).expect(202);
    expect(sent).toEqual({ expires_in: 300 });
    const { code } = await messageTo(app, method === 'email_code' ? person.email : person.phone);

    const { body } = await answer(app, challenge, { method, code }).expect(200);

    expect(claimsIn(body.access_token).amr).toEqual(amr);
    const next = await challengeFor(app, person);
    expect(refusalOf(await answer(app, next, { method, code }))).toBe('403 invalid_factor');
  });

  it('goes to a verified address or number alone', async () => {
    const person = await signUpWithTotp(app);

    expect((await challengeFor(app, person)).methods).toEqual(['totp', 'recovery_code']);
    await markVerified(app, person.email);
    expect((await challengeFor(app, person)).methods).toEqual(['totp', 'email_code', 'recovery_code']);
  });

  it('does not come on the way that the first factor came', async () => {
    const { email, phone } = await reachable(app);
    const methodsAfter = async (to: Parameters<typeof codeFor>[1]) =>
      (await signInBy(app, await codeFor(app, to)).expect(403)).body;

    const byMail = await methodsAfter({ email });
    expect(byMail.methods).toEqual(['totp', 'phone_code', 'recovery_code']);
    expect((await methodsAfter({ phone })).methods).toEqual(['totp', 'email_code', 'recovery_code']);
    expect(refusalOf(await ask(app, byMail, 'email_code'))).toBe('403 factor_not_allowed');
  });

  it('is that of one challenge, and of the latest message for it', async () => {
    const person = await reachable(app);
    const [one, other] = [await challengeFor(app, person), await challengeFor(app, person)];
    const [ofOne, ofOther] = [await codeOf(app, one, 'email_code'), await codeOf(app, other, 'email_code')];
    const later = await codeOf(app, one, 'email_code');
    const tried = async (challenge: Challenge, code: string) =>
      refusalOf(await answer(app, challenge, { method: 'email_code', code }));

    if (ofOther !== later) expect(await tried(one, ofOther)).toBe('400 invalid_code');
    if (ofOne !== later) expect(await tried(one, ofOne)).toBe('400 invalid_code');
    // Nor is it one by SMS.
    expect(refusalOf(await answer(app, one, { method: 'phone_code', code: later }))).toBe(
      '403 invalid_factor',
    );
    await answer(app, one, { method: 'email_code', code: later }).expect(200);
  });

  it('is compared five times, and does not sign in by itself', async () => {
    const person = await reachable(app);
    const challenge = await challengeFor(app, person);
    const code = await codeOf(app, challenge, 'email_code');
    for (let by = 1; by <= 5; by++) {
      const refused = await answer(app, challenge, { method: 'email_code', code: wrong(code, by) });
      expect(refusalOf(refused)).toBe('400 invalid_code');
    }

    expect(refusalOf(await answer(app, challenge, { method: 'email_code', code }))).toBe(
      '400 too_many_tries',
    );
  });

  it('has expired after five minutes, as the challenge has', async () => {
    const person = await reachable(app);
    const challenge = await challengeFor(app, person);
    app.clock.advanceSeconds(200);
    const code = await codeOf(app, challenge, 'email_code');
    app.clock.advanceSeconds(100);

    expect(refusalOf(await answer(app, challenge, { method: 'email_code', code }))).toBe(
      '400 challenge_expired',
    );
    expect(refusalOf(await ask(app, challenge, 'email_code'))).toBe('400 challenge_expired');
  });
});

describe('A code by a message', () => {
  const app = useApp('SQLite', {
    ...METHODS,
    RATE_LIMIT_SEND_ACCOUNT: '2/3600',
    RATE_LIMIT_SEND_ADDRESS: '10/900',
  });

  it('is sent to an account as often as RATE_LIMIT_SEND_ACCOUNT says, by however many sign-ins', async () => {
    const person = await reachable(app);
    for (const method of ['email_code', 'phone_code'])
      await ask(app, await challengeFor(app, person), method).expect(202);

    const refused = await ask(app, await challengeFor(app, person), 'email_code');

    expectLimited(refused, { policy: 'send-account', limit: 2, windowSeconds: 3600 }, [
      'send-ip',
      'send-address',
    ]);
  });
});

describe('Where MFA_METHODS does not name them', () => {
  const app = useApp('SQLite');

  it('codes by messages are no second factor', async () => {
    const person = await reachable(app);
    const challenge = await challengeFor(app, person);

    expect(challenge.methods).toEqual(['totp', 'recovery_code']);
    for (const method of ['email_code', 'phone_code'])
      expect(refusalOf(await ask(app, challenge, method))).toBe('403 factor_not_allowed');
  });
});

describe('Where MFA_REQUIRED is all and MFA_METHODS names codes by mail', () => {
  const app = useApp('SQLite', { MFA_REQUIRED: 'all', MFA_METHODS: 'totp,email_code' });

  it('a user without a factor of their own gets one, and the session can do everything', async () => {
    const person = await signUp(app);
    await markVerified(app, person.email);
    const challenge = await challengeFor(app, person);
    expect(challenge.methods).toEqual(['email_code']);

    const given = { method: 'email_code', code: await codeOf(app, challenge, 'email_code') } as const;
    const { body } = await answer(app, challenge, { ...given, remember_device: true }).expect(200);

    await app.get('/sessions').auth(body.access_token, { type: 'bearer' }).expect(200);
    // A device is remembered for a factor of one's own.
    await challengeFor(app, person, { device_token: body.device_token });
  });
});
