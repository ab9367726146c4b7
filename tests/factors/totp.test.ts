import { describe, expect, it } from '@jest/globals';
import { Secret } from 'otpauth';
import { createTotpCodes } from '../../src/core/factors/totp.ts';
import { useApp } from '../support/app.ts';
import { addTotp, answer, challengeFor, codeOf, signUpWithTotp, totpOf } from '../support/factors.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

/** RFC 6238 appendix B has codes of eight digits; of six they are the last ones. */
const VECTORS = [
  [59, '94287082'],
  [1111111109, '07081804'],
  [1111111111, '14050471'],
  [1234567890, '89005924'],
  [2000000000, '69279037'],
  [20000000000, '65353130'],
] as const;
const SECRET = Secret.fromUTF8('12345678901234567890').base32;

describe('The codes of authenticator apps', () => {
  const codesAt = (seconds: number) => createTotpCodes('Latchkey', { now: () => seconds * 1000 });

  it.each(VECTORS)('at %d seconds are those of RFC 6238, appendix B', async (seconds, code) => {
    expect(await codesAt(seconds).stepOf(SECRET, code.slice(-6))).toBe(Math.floor(seconds / 30));
  });

  it('are good one step either way, and not two', async () => {
    const [seconds, code] = VECTORS[3];
    const step = Math.floor(seconds / 30);
    const seen = [-60, -30, 0, 30, 60].map((off) => codesAt(seconds + off).stepOf(SECRET, code.slice(-6)));

    expect(await Promise.all(seen)).toEqual([undefined, step, step, step, undefined]);
  });

  it.each(['', '00592', '0059244', '00592４', 'abcdef', '-05924'])(
    'are six digits, unlike %j',
    async (code) => {
      expect(await codesAt(1234567890).stepOf(SECRET, code)).toBeUndefined();
    },
  );

  it('have secrets of 160 bits, of which an app reads the issuer, the account and the rest in a URI', async () => {
    const { secret, uri } = await createTotpCodes('Example & Co', { now: () => 0 }).create('ada@example.com');

    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    const { protocol, host, pathname, searchParams } = new URL(uri);
    expect([protocol, host, decodeURIComponent(pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Example & Co:ada@example.com',
    ]);
    expect(Object.fromEntries(searchParams)).toEqual({
      issuer: 'Example & Co',
      secret,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});

describe('A code of an authenticator app', () => {
  const app = useApp('SQLite');

  it('is good once, and one of an earlier step no longer, while the next one is', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const tried = async (steps: number) => {
      const challenge = await challengeFor(app, person);
      return (await answer(app, challenge, totpOf(app, totp, steps))).status;
    };

    // The code of the step before was used when the app was set up.
    expect([await tried(-1), await tried(0), await tried(0), await tried(-1), await tried(1)]).toEqual([
      403, 200, 403, 403, 200,
    ]);
  });

  it('may be typed with a space in the middle', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const { method, code } = totpOf(app, totp);

    await answer(app, await challengeFor(app, person), {
      method,
      code: `${code.slice(0, 3)} ${code.slice(3)}`,
    }).expect(200);
  });

  it('is that of any of the apps that a user has, of which three are the most', async () => {
    const { totp, token, ...person } = await signUpWithTotp(app);
    const others = [await addTotp(app, token), await addTotp(app, token)];
    app.clock.advanceSeconds(30);

    for (const each of [totp, ...others]) {
      await answer(app, await challengeFor(app, person), totpOf(app, each)).expect(200);
    }
    const { body } = await app.post('/me/factors/totp').auth(token, as).expect(409);

    expect(body.code).toBe('too_many_factors');
    expect(others.map(({ recoveryCodes }) => recoveryCodes)).toEqual([[], []]);
  });

  it('is not asked for before the first one has been given, nor after it was begun anew', async () => {
    const { token, ...person } = await signUp(app);
    const begin = async () => (await app.post('/me/factors/totp').auth(token, as).expect(201)).body;
    const [first, second] = [await begin(), await begin()];
    const confirm = ({ factor_id }: { factor_id: string }, code: string) =>
      app.post(`/me/factors/totp/${factor_id}/confirm`).auth(token, as).send({ code });

    await confirm(first, codeOf(app, first.secret)).expect(404);
    await confirm(second, codeOf(app, first.secret)).expect(403);
    await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
    await confirm(second, codeOf(app, second.secret)).expect(200);

    await challengeFor(app, person);
    expect((await app.get('/me/factors').auth(token, as).expect(200)).body.totp).toEqual([
      expect.objectContaining({ id: second.factor_id, name: null }),
    ]);
  });

  it('has a name that its user can change, until it is removed and asked for no longer', async () => {
    const { totp, token, ...person } = await signUpWithTotp(app);
    const path = `/me/factors/totp/${totp.id}`;
    const other = await signUp(app);

    const { body } = await app.patch(path).auth(token, as).send({ name: ' My phone ' }).expect(200);
    expect(body.factor).toMatchObject({ id: totp.id, name: 'My phone' });
    for (const refused of [app.patch(path).send({ name: 'Mine' }), app.delete(path)]) {
      await refused.auth(other.token, as).expect(404);
    }
    await app.delete(path).auth(token, as).expect(204);

    await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
    const { body: factors } = await app.get('/me/factors').auth(token, as).expect(200);
    expect(factors).toEqual({ totp: [], passkeys: 0, recovery_codes: 0 });
  });
});
