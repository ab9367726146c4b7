import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { refusalOf } from '../support/codes.ts';
import { addTotp } from '../support/factors.ts';
import { anAssertion, aPasskeyOwner, signInBy } from '../support/passkeys.ts';

const as = { type: 'bearer' } as const;

describe('A passkey', () => {
  const app = useApp('SQLite');
  const strict = useApp('SQLite', { MFA_REQUIRED: 'all' });

  async function challenged() {
    const owner = await aPasskeyOwner(app);
    const { email, password } = owner;
    const { body } = await app.post('/login').send({ email, password }).expect(403);
    const challenge_token: string = body.challenge_token;
    const options = await app.post('/login/factor/options').send({ challenge_token }).expect(200);
    return { ...owner, body, challenge_token, publicKey: options.body.public_key };
  }

  it('is a second factor after the password, with options of its own', async () => {
    const { body, authenticator, challenge_token, publicKey } = await challenged();
    expect(body.methods).toEqual(['passkey', 'recovery_code']);

    const credential = authenticator.get(publicKey);
    const login = { challenge_token, method: 'passkey', credential };
    const { body: session } = await app.post('/login/factor').send(login).expect(200);

    expect(claimsIn(session.access_token).amr).toEqual(['pwd', 'swk', 'user', 'mfa']);
    expect(refusalOf(await app.post('/login/factor').send(login))).toBe('400 challenge_used');
  });

  it('is refused for the challenge of another sign-in, and with options for anybody', async () => {
    const { authenticator, challenge_token, email, password } = await challenged();
    const other = await app.post('/login').send({ email, password }).expect(403);
    const options = await app
      .post('/login/factor/options')
      .send({ challenge_token: other.body.challenge_token })
      .expect(200);
    const { credential: forAnybody } = await anAssertion(app, authenticator);

    for (const credential of [authenticator.get(options.body.public_key), forAnybody]) {
      const login = { challenge_token, method: 'passkey', credential };
      expect(refusalOf(await app.post('/login/factor').send(login))).toBe('400 invalid_passkey');
    }
  });

  it('that has checked who its user is proves two factors of a session again', async () => {
    const { authenticator, token } = await aPasskeyOwner(app);
    app.clock.advanceSeconds(800);

    const { body } = await app
      .post('/me/reauthenticate')
      .auth(token, as)
      .send(await anAssertion(app, authenticator))
      .expect(200);

    expect(body).toMatchObject({ acr: '2', auth_time: Math.floor(app.clock.now() / 1000) });
    const stranger = await aPasskeyOwner(app);
    const answer = await app
      .post('/me/reauthenticate')
      .auth(token, as)
      .send(await anAssertion(app, stranger.authenticator));
    expect(refusalOf(answer)).toBe('400 invalid_passkey');
  });

  it('that has checked who its user is signs in by itself, also beside an app and where a factor is required', async () => {
    const { authenticator, token } = await aPasskeyOwner(app);
    await addTotp(app, token);
    const required = await aPasskeyOwner(strict);

    const beside = await signInBy(app, authenticator);
    const where = await signInBy(strict, required.authenticator);

    for (const { status, body } of [beside, where]) {
      expect({ status, amr: claimsIn(body.access_token).amr, aud: claimsIn(body.access_token).aud }).toEqual({
        status: 200,
        amr: ['swk', 'user', 'mfa'],
        aud: 'latchkey',
      });
    }
  });
});
