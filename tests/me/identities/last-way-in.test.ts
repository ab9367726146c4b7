import { beforeAll, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { v7 as uuidv7 } from 'uuid';
import { useApp } from '../../support/app.ts';
import { aPhone, refusalOf } from '../../support/codes.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { isLongForm } from '../../support/extent.ts';
import { insertPasskey } from '../../support/passkeys.ts';
import { aPerson, aUsername } from '../../support/people.ts';

const as = { type: 'bearer' } as const;
const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
  BCRYPT_COST: '10',
  GOOGLE_CLIENT_ID: 'a client',
  GOOGLE_CLIENT_SECRET: 'its secret',
};
const MAIL = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' };
const SMS = {
  SMS_WEBHOOK_URL: 'https://sms.example.com/',
  SMS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 'k').toString('base64')}`,
};

/** What an account has besides the identity that is removed. */
interface Others {
  readonly password: boolean;
  readonly username: boolean;
  readonly email: 'none' | 'unverified' | 'verified';
  readonly phone: boolean;
  readonly identity: 'none' | 'configured' | 'no longer configured';
  readonly passkey: boolean;
}

const EITHER = [false, true];
const WITHOUT_PASSKEYS: Others[] = EITHER.flatMap((password) =>
  EITHER.flatMap((username) =>
    (['none', 'unverified', 'verified'] as const).flatMap((email) =>
      EITHER.flatMap((phone) =>
        (['none', 'configured', 'no longer configured'] as const).map((identity) => ({
          password,
          username,
          email,
          phone,
          identity,
          passkey: false,
        })),
      ),
    ),
  ),
);
/** One passkey is enough, whatever else there is. */
const EVERY = WITHOUT_PASSKEYS.flatMap((others) =>
  others.phone ? [others] : [others, { ...others, passkey: true }],
);
/** Each thing alone and with each other one, in `npm test`; no more than two of them ever make a way in. */
const ALL = isLongForm() ? EVERY : EVERY.filter((others) => thingsOf(others) <= 2);

function thingsOf({ password, username, email, phone, identity, passkey }: Others): number {
  const things = [password, username, email !== 'none', phone, identity !== 'none', passkey];
  return things.filter((isThere) => isThere).length;
}

onOneDatabase((kind) => {
  describe.each([
    ['neither mail nor SMS is sent', {}, { mail: false, sms: false }],
    ['mail is sent', MAIL, { mail: true, sms: false }],
    ['SMS are sent', SMS, { mail: false, sms: true }],
    ['mail and SMS are sent', { ...MAIL, ...SMS }, { mail: true, sms: true }],
  ])('Where %s, an identity', (_what, env, sends) => {
    const app = useApp(kind, { ...PRODUCTION, ...env });
    const account = { id: uuidv7(), token: '', passwordHash: '' };
    const { email, password } = aPerson();
    const username = aUsername();
    const phone = aPhone();

    beforeAll(async () => {
      const createdAt = new Date(app.clock.now());
      account.passwordHash = await bcrypt.hash(password, 10);
      const address = { shown: email, canonical: email };
      const { id, passwordHash } = account;
      await app.store.users.insert({
        id,
        email: address,
        username: null,
        name: null,
        passwordHash,
        createdAt,
      });
      await app.store.userRoles.add(id, ['user']);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      account.token = body.access_token;
    });

    async function anIdentity(provider: string): Promise<string> {
      const id = uuidv7();
      const at = new Date(app.clock.now());
      const key = { provider, issuer: 'https://accounts.google.com', subject: id };
      const rest = { email: null, tokens: null, createdAt: at, lastUsedAt: at };
      await app.store.identities.insert({ id, userId: account.id, ...key, ...rest });
      return id;
    }

    /** Removes the identity of an account that has this besides. */
    async function remove(others: Others): Promise<string> {
      const at = new Date(app.clock.now());
      const row = {
        passwordHash: others.password ? account.passwordHash : null,
        username: others.username ? username : null,
        usernameCanonical: others.username ? username : null,
        email: others.email === 'none' ? null : email,
        emailCanonical: others.email === 'none' ? null : email,
        emailVerifiedAt: others.email === 'verified' ? at : null,
        phone: others.phone ? phone : null,
      };
      await app.models.users.update(row, { where: { id: account.id } });
      await app.models.identities.destroy({ where: {} });
      await app.models.passkeys.destroy({ where: {} });
      if (others.passkey) await insertPasskey(app, account.id);
      const removed = await anIdentity('google');
      if (others.identity !== 'none') {
        await anIdentity(others.identity === 'configured' ? 'google' : 'formerly');
      }
      const answer = await app.delete(`/me/identities/${removed}`).auth(account.token, as);
      const isLeft = (await app.store.identities.find(removed, account.id)) !== null;
      expect(isLeft).toBe(answer.status !== 204);
      return answer.status === 204 ? 'removed' : refusalOf(answer);
    }

    it('is removed where there is another way in, and stays where it is the last one', async () => {
      const wrong = [];
      for (const others of ALL) {
        const isWayIn = [
          others.password && (others.email !== 'none' || others.username),
          others.email === 'verified' && sends.mail,
          others.phone && sends.sms,
          others.identity === 'configured',
          others.passkey,
        ].includes(true);
        const outcome = await remove(others);
        if (outcome !== (isWayIn ? 'removed' : '409 last_sign_in_method')) wrong.push({ others, outcome });
      }
      expect(wrong).toEqual([]);
    });
  });
});
