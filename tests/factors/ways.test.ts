import { describe, expect, it } from '@jest/globals';
import { claimsIn } from '../support/claims.ts';
import { aPhone, markVerified } from '../support/codes.ts';
import { PAGE } from '../support/cookies.ts';
import { addTotp, answer, challengeFor } from '../support/factors.ts';
import { FIRST_FACTORS } from '../support/first-factors.ts';
import { insertPasskey } from '../support/passkeys.ts';
import { signUp } from '../support/people.ts';
import { aVisitor, insertIdentity, type Social, useSocial } from '../support/social-accounts.ts';

/** A user who can sign in by every way. */
async function aUser(social: Social) {
  const { app } = social;
  const { deviceToken: _ofSignUp, ...person } = await signUp(app);
  const [phone, visitor] = [aPhone(), aVisitor({ email: person.email })];
  await markVerified(app, person.email);
  await app.store.users.setPhone(person.id, phone, new Date(app.clock.now()));
  await insertIdentity(social, person.id, visitor);
  return { ...person, phone, visitor };
}

async function aUserWithTotp(social: Social) {
  const user = await aUser(social);
  return { ...user, totp: await addTotp(social.app, user.token) };
}

const byRecoveryCode = (code = '') => ({ method: 'recovery_code', code }) as const;

describe('A sign-in by', () => {
  const social = useSocial('SQLite');
  const strict = useSocial('SQLite', { MFA_REQUIRED: 'all' });

  describe.each(FIRST_FACTORS.map((way) => [way.what, way] as const))('%s', (_what, { signIn }) => {
    it('asks for nothing else where the account has no second factor', async () => {
      expect(await signIn(social, await aUser(social))).toEqual({ outcome: 'signed in' });
    });

    it('asks for the second factor of the account, and begins a session with it alone', async () => {
      const { totp, ...user } = await aUserWithTotp(social);
      const proved = async () => {
        const sessions = await social.app.store.sessions.listLive(user.id, new Date(social.clock.now()));
        return sessions.map(({ id, authentication }) => ({ id, methods: authentication?.methods ?? [] }));
      };
      const before = await proved();

      const { challengeToken = '', ...asked } = await signIn(social, user);

      expect(asked).toEqual({ outcome: 'asked for a second factor', methods: ['totp', 'recovery_code'] });
      expect(await proved()).toEqual(before);
      const given = byRecoveryCode(totp.recoveryCodes[0]);
      const { body } = await answer(social.app, { challenge_token: challengeToken }, given)
        .set('Origin', PAGE)
        .expect(200);
      const known = before.map(({ id }) => id);
      const added = (await proved()).filter(({ id }) => !known.includes(id));
      expect(added).toMatchObject([{ methods: expect.arrayContaining(['otp', 'mfa']) }]);
      if (body.access_token) expect(claimsIn(body.access_token).amr).toContain('mfa');
    });

    it('asks for the passkey of an account that has one', async () => {
      const user = await aUser(social);
      await insertPasskey(social.app, user.id);
      await social.app.store.users.beginSecondFactor(user.id, new Date(social.clock.now()));

      const { challengeToken, ...asked } = await signIn(social, user);

      expect(asked).toEqual({ outcome: 'asked for a second factor', methods: ['passkey'] });
    });

    it('asks for nothing else on a device that is remembered', async () => {
      const { totp, ...user } = await aUserWithTotp(social);
      const given = { ...byRecoveryCode(totp.recoveryCodes[0]), remember_device: true };
      const { body } = await answer(social.app, await challengeFor(social.app, user), given).expect(200);

      expect(await signIn(social, user, body.device_token)).toEqual({ outcome: 'signed in' });
    });

    it('lets a user set one up, and nothing else, where one is required and there is none', async () => {
      expect(await signIn(strict, await aUser(strict))).toEqual({ outcome: 'to enrol one' });
    });
  });
});
