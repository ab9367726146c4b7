import { describe, expect, it } from '@jest/globals';
import { messagesDuring, refusalOf } from '../support/codes.ts';
import { PAGE } from '../support/cookies.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import {
  auditOf,
  aVisitor,
  browserOf,
  CLAIMED,
  idTokenOf,
  insertAccount,
  insertIdentity,
  keyOf,
  LINKED,
  link,
  recordOf,
  useSocial,
} from '../support/social-accounts.ts';
import { parametersOf } from '../support/social-browser.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('A person who comes back by a provider', () => {
    const social = useSocial(kind);
    const at = () => new Date(social.clock.now());

    it('is signed in to the same account, whose identity is used anew and has the address of today', async () => {
      const visitor = aVisitor();
      const first = await browserOf(social, visitor).enter('google');
      const [identity] = await social.app.store.identities.list(first.user.id);
      social.clock.advanceSeconds(60);
      const { email } = aPerson();

      const told = await messagesDuring(social.app, async () => {
        const again = await browserOf(social, { ...visitor, email, name: 'Another' }).enter('google');
        expect(again.user).toEqual(first.user);
      });

      expect(told).toEqual([]);
      expect(await social.app.store.identities.list(first.user.id)).toEqual([
        { ...identity, email, lastUsedAt: at() },
      ]);
      expect(await auditOf(social, first.user.id)).toEqual([
        'identity.linked',
        'login.succeeded',
        'login.succeeded',
        'user.signed_up',
      ]);
    });

    it('stays with their account where the address of today is that of another account, or of none, or not verified', async () => {
      const visitor = aVisitor();
      const { user } = await browserOf(social, visitor).enter('google');
      const other = await signUp(social.app);
      await social.app.store.users.verifyEmail(other.id, other.email, at());
      const { email: _email, ...nameless } = visitor;

      for (const today of [
        { ...visitor, email: other.email },
        { ...visitor, emailVerified: false },
        nameless,
      ]) {
        expect((await browserOf(social, today).enter('google')).user.id).toBe(user.id);
      }
      expect(await social.app.store.identities.list(other.id)).toEqual([]);
    });

    it('is another person at another provider, although the subject is the same', async () => {
      const visitor = aVisitor();
      const { user } = await browserOf(social, visitor).enter('google');
      const there = { ...visitor, email: aPerson().email };

      expect((await browserOf(social, there).enter('acme')).user.id).not.toBe(user.id);
      expect((await browserOf(social, visitor).enter('google')).user.id).toBe(user.id);
    });

    it('is told that their account is disabled, and nothing of it changes', async () => {
      const visitor = aVisitor();
      const { user } = await browserOf(social, visitor).enter('google');
      await social.app.store.users.disable(user.id, at());
      const before = await recordOf(social, user.id);
      social.clock.advanceSeconds(1);

      const page = await browserOf(social, { ...visitor, email: aPerson().email }).signIn('google');

      expect(parametersOf(page)).toMatchObject({ error: 'account_disabled' });
      const proof = await idTokenOf(social, visitor);
      expect(refusalOf(await social.app.post('/login/google/id-token').send(proof))).toBe(
        '403 account_disabled',
      );
      expect(await recordOf(social, user.id)).toEqual(before);
      await social.app.store.users.enable(user.id, at());
      expect((await browserOf(social, visitor).enter('google')).user.id).toBe(user.id);
    });

    it('gets no session by a code that their account was disabled after', async () => {
      const visitor = aVisitor();
      const { user } = await browserOf(social, visitor).enter('google');
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google');
      await social.app.store.users.disable(user.id, at());

      expect(refusalOf(await browser.exchange(page))).toBe('400 invalid_code');
    });

    it('gets another account once they have deleted theirs', async () => {
      const visitor = aVisitor();
      const { user, access_token: token } = await browserOf(social, visitor).enter('google');
      await social.app.delete('/me').auth(token, as).send({}).expect(204);
      expect(await social.app.store.identities.findByKey(keyOf(social, visitor))).toBeNull();

      const again = await browserOf(social, visitor).enter('google');

      expect(again.user).toMatchObject({ email: visitor.email });
      expect(again.user.id).not.toBe(user.id);
    });

    it('gets no session by a code that they deleted their account after', async () => {
      const visitor = aVisitor();
      const { access_token: token } = await browserOf(social, visitor).enter('google');
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google');
      await social.app.delete('/me').auth(token, as).send({}).expect(204);

      expect(refusalOf(await browser.exchange(page))).toBe('400 invalid_link');
    });

    it('is signed in although the address of their account is not verified, where they signed up with it', async () => {
      const visitor = aVisitor({ emailVerified: false });
      const { user } = await browserOf(social, visitor).enter('google');

      expect((await browserOf(social, visitor).enter('google')).user).toEqual(user);
    });

    it('proves the address of their account once the provider has verified it, as if they came for the first time', async () => {
      const visitor = aVisitor({ emailVerified: false });
      const { email = '' } = visitor;
      const first = await browserOf(social, visitor).enter('google');
      const other = await link(social, first.access_token, aVisitor());
      await social.app.follower.catchUp();
      let again = first;

      const messages = await messagesDuring(social.app, async () => {
        again = await browserOf(social, { ...visitor, emailVerified: true }).enter('google');
      });

      expect(again.user).toMatchObject({ id: first.user.id, email, email_verified: true });
      expect(messages.map(({ to, subject }) => `${to}: ${subject}`).sort()).toEqual([
        `${email}: ${LINKED}`,
        `${email}: ${CLAIMED}`,
      ]);
      await social.app.get('/me').auth(first.access_token, as).expect(401);
      await social.app.get('/me').auth(again.access_token, as).expect(200);
      const left = await social.app.store.identities.list(first.user.id);
      expect(left).toMatchObject([keyOf(social, visitor)]);
      expect(left.map(({ id }) => id)).not.toContain(other.id);
    });

    it('ends the sessions from before on a device that the account knows, too', async () => {
      const visitor = aVisitor({ emailVerified: false });
      const browser = browserOf(social, visitor);
      await browser.signIn('google', { transport: 'cookie' });
      const identity = await social.app.store.identities.findByKey(keyOf(social, visitor));
      social.peer.signIn({ ...visitor, emailVerified: true });
      const sessions = await social.app.store.sessions.listLive(identity?.userId ?? '', at());

      const again = await browser.enter('google');

      expect(again.user).toMatchObject({ id: identity?.userId, email_verified: true });
      const live = await social.app.store.sessions.listLive(again.user.id, at());
      expect(live).toHaveLength(1);
      expect(sessions.map(({ id }) => id)).not.toContain(live[0]?.id);
    });

    it('does not prove the address of their account by another one', async () => {
      const { email } = aPerson();
      const id = await insertAccount(social, { email });
      const visitor = aVisitor();
      await insertIdentity(social, id, visitor);

      const { user } = await browserOf(social, visitor).enter('google');

      expect(user).toMatchObject({ id, email, email_verified: false });
    });
  });

  describe('Somebody who comes by a provider on a device that their account has not seen', () => {
    const social = useSocial(kind, { NEW_DEVICE_MAIL: 'true', CORS_ORIGINS: PAGE });

    const subjectsDuring = async (work: () => Promise<unknown>) =>
      (await messagesDuring(social.app, work)).map(({ subject }) => subject);

    it('is told so, but for the first time and on a device that is known', async () => {
      const visitor = aVisitor();
      const browser = browserOf(social, visitor);
      expect(await subjectsDuring(() => browser.signIn('google', { transport: 'cookie' }))).toEqual([]);

      expect(await subjectsDuring(() => browser.signIn('google', { transport: 'cookie' }))).toEqual([]);

      const app = aVisitor();
      let deviceToken = '';
      expect(
        await subjectsDuring(async () => {
          deviceToken = (await browserOf(social, app).enter('google')).device_token;
        }),
      ).toEqual([]);
      expect(
        await subjectsDuring(async () => {
          const device = browserOf(social, app);
          await device.exchange(await device.signIn('google'), { device_token: deviceToken }).expect(200);
        }),
      ).toEqual([]);

      for (const transport of ['cookie', 'token']) {
        const elsewhere = browserOf(social, visitor);
        const told = await subjectsDuring(async () => {
          const page = await elsewhere.signIn('google', { transport });
          if (transport === 'token') await elsewhere.exchange(page).expect(200);
        });
        expect(told).toEqual([expect.stringContaining('New sign-in')]);
      }
    });
  });
});
