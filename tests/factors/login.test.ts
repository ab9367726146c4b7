import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { addTotp, codeOf, signUpWithTotp } from '../support/factors.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('A login of an account with an authenticator app', () => {
    const app = useApp(kind);

    it('takes its code after the password, and answers as a login does', async () => {
      const { email, password, totp } = await signUpWithTotp(app);

      const { body: challenge } = await app.post('/login').send({ email, password }).expect(403);
      expect(challenge).toMatchObject({
        code: 'second_factor_required',
        challenge_token: expect.stringMatching(/^[\w-]{43}$/),
        methods: ['totp', 'recovery_code'],
        expires_in: 300,
      });
      const { body } = await app
        .post('/login/factor')
        .send({
          challenge_token: challenge.challenge_token,
          method: 'totp',
          code: codeOf(app, totp.secret),
        })
        .expect(200);

      expect(body.user.email).toBe(email);
      expect(claimsIn(body.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
      await app.get('/me').auth(body.access_token, as).expect(200);
    });

    it('takes a recovery code in place of it, once', async () => {
      const { email, password, totp } = await signUpWithTotp(app);
      const [code] = totp.recoveryCodes;
      const challenge = async () =>
        (await app.post('/login').send({ email, password }).expect(403)).body.challenge_token;

      const first = { challenge_token: await challenge(), method: 'recovery_code', code };
      await app.post('/login/factor').send(first).expect(200);
      const second = { challenge_token: await challenge(), method: 'recovery_code', code };
      const { body } = await app.post('/login/factor').send(second).expect(403);

      expect(body.code).toBe('invalid_factor');
      expect(totp.recoveryCodes).toHaveLength(10);
    });

    it('is not asked for a factor before there is one', async () => {
      const { email, password, token } = await signUp(app);
      await app.post('/login').send({ email, password }).expect(200);

      await addTotp(app, token);

      await app.post('/login').send({ email, password }).expect(403);
    });
  });
});
