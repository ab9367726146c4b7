import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../../support/app.ts';
import { aPhone, refusalOf } from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { linkProvider } from '../../support/identities.ts';
import { aUsername, signUp } from '../../support/people.ts';

/** By which a user can sign in besides the phone number. */
interface Ways {
  readonly password?: true;
  readonly username?: true;
  readonly email?: 'verified' | 'unverified';
  /** The id of a provider. */
  readonly provider?: string;
}

/** Sends neither mail nor anything else but SMS. */
const WITHOUT_MAIL = {
  NODE_ENV: 'production',
  SMS_WEBHOOK_URL: 'https://sms.example.com/send',
  SMS_WEBHOOK_SECRET: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
  BCRYPT_COST: '10',
};
const GITHUB = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' };

/** The access token of a user with a phone number and these ways in. */
async function aUserWith(app: TestApp, { password, username, email, provider }: Ways): Promise<string> {
  const { id, token } = await signUp(app);
  const name = aUsername();
  const row = {
    phone: aPhone(),
    ...(username && { username: name, usernameCanonical: name }),
    ...(password ? {} : { passwordHash: null }),
    ...(email === undefined && { email: null, emailCanonical: null }),
    ...(email === 'verified' && { emailVerifiedAt: new Date(app.clock.now()) }),
  };
  await app.models.users.update(row, { where: { id } });
  if (provider !== undefined) await linkProvider(app, id, { provider });
  return token;
}

onEachDatabase((kind) => {
  describe('DELETE /me/phone where mail is sent', () => {
    const app = useApp(kind, GITHUB);

    it.each<[string, Ways]>([
      ['a password and a username', { password: true, username: true }],
      ['a password and an address, verified or not', { password: true, email: 'unverified' }],
      ['a verified address', { email: 'verified' }],
      ['an account at a provider', { provider: 'github' }],
    ])('answers 204 to a user who has %s', async (_what, ways) => {
      const token = await aUserWith(app, ways);

      await app.delete('/me/phone').auth(token, { type: 'bearer' }).expect(204);
    });

    it.each<[string, Ways]>([
      ['nothing', {}],
      ['a password without anything to type beside it', { password: true }],
      ['a username without a password', { username: true }],
      ['an address that was never verified', { email: 'unverified' }],
      ['an account at a provider that is no longer offered', { provider: 'google' }],
    ])('answers 409 to a user who has %s besides, and keeps the number', async (_what, ways) => {
      const token = await aUserWith(app, ways);

      const refused = await app.delete('/me/phone').auth(token, { type: 'bearer' });

      expect(refusalOf(refused)).toBe('409 last_sign_in_method');
      const { body } = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      expect(body.user.phone).toMatch(/^\+49/);
    });
  });

  describe('DELETE /me/phone where no mail is sent', () => {
    const app = useApp(kind, WITHOUT_MAIL);

    it('answers 409 to a user who has a verified address alone: no code could get there', async () => {
      const token = await aUserWith(app, { email: 'verified' });

      const refused = await app.delete('/me/phone').auth(token, { type: 'bearer' });

      expect(refusalOf(refused)).toBe('409 last_sign_in_method');
    });

    it('answers 204 to a user who has a password for it', async () => {
      const token = await aUserWith(app, { password: true, email: 'unverified' });

      await app.delete('/me/phone').auth(token, { type: 'bearer' }).expect(204);
    });
  });
});
