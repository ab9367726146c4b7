import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { claimsIn } from '../support/claims.ts';
import { messagesDuring, refusalOf } from '../support/codes.ts';
import { PAGE } from '../support/cookies.ts';
import { onEachDatabase } from '../support/databases.ts';
import { recordedRevocations } from '../support/feed.ts';
import { aPerson, signUp } from '../support/people.ts';
import {
  allWays,
  anAccountInUse,
  auditOf,
  aVisitor,
  browserOf,
  CLAIMED,
  insertAccount,
  keyOf,
  LINKED,
  recordOf,
  useSocial,
  waysInto,
} from '../support/social-accounts.ts';
import { APP_PAGE, type Browser, openBrowser, parametersOf } from '../support/social-browser.ts';
import type { GoogleUser } from '../support/social-peers/google.ts';

const as = { type: 'bearer' } as const;

/** What a provider says of the address of its visitor. */
const VERIFIED = 'a verified address';
const UNVERIFIED = 'an address that is not verified';
const NONE = 'no address';

function visitorWith(says: string, email: string): GoogleUser {
  const { email: _email, ...withoutEmail } = aVisitor();
  return says === NONE ? withoutEmail : { ...withoutEmail, email, emailVerified: says === VERIFIED };
}

onEachDatabase((kind) => {
  const social = useSocial(kind);
  const users = () => social.app.store.users;
  const at = () => new Date(social.clock.now());
  const verify = (id: string) => social.app.models.users.update({ emailVerifiedAt: at() }, { where: { id } });

  /** Comes back from the provider to a page of the app; with the messages that come of that, by their subjects. */
  async function comesBy(
    visitor: GoogleUser,
    browser: Browser = browserOf(social, visitor),
    query: Record<string, string> = {},
  ) {
    let page = new URL(APP_PAGE);
    const messages = await messagesDuring(social.app, async () => {
      page = await browser.signIn('google', query);
    });
    const told = messages.map(({ to, subject }) => ({ to, subject }));
    return { page, told: told.sort((one, other) => one.subject.localeCompare(other.subject)) };
  }

  const exchange = (page: URL) =>
    social.app.post('/login/exchange').send({ code: page.searchParams.get('code') ?? '' });

  const identityOf = (visitor: GoogleUser) => social.app.store.identities.findByKey(keyOf(social, visitor));

  describe('A person who comes by a provider for the first time', () => {
    it.each([
      [VERIFIED, true],
      [UNVERIFIED, false],
    ])(
      'signs up with %s that no account has, which the account then has as it is',
      async (says, isVerified) => {
        const visitor = visitorWith(says, aPerson().email);

        const { page, told } = await comesBy(visitor);

        expect(page.origin + page.pathname).toBe(APP_PAGE);
        expect(Object.keys(parametersOf(page))).toEqual(['code']);
        const { body } = await exchange(page).expect(200);
        const { id } = body.user;
        expect(body.user).toMatchObject({
          email: visitor.email,
          email_verified: isVerified,
          name: visitor.name,
          username: null,
          phone: null,
        });
        expect(claimsIn(body.access_token)).toMatchObject({ amr: ['fed'] });
        expect(await social.app.store.identities.list(id)).toMatchObject([
          { ...keyOf(social, visitor), userId: id, email: visitor.email, tokens: null },
        ]);
        expect(await users().findById(id)).toMatchObject({ passwordHash: null });
        expect(await auditOf(social, id)).toEqual(['identity.linked', 'login.succeeded', 'user.signed_up']);
        expect(told).toEqual([]);
      },
    );

    it('gets no account with no address', async () => {
      const visitor = visitorWith(NONE, '');
      const amount = await social.app.models.users.count();

      const { page, told } = await comesBy(visitor);

      expect(parametersOf(page)).toEqual({ error: 'email_required', error_description: expect.any(String) });
      expect(await social.app.models.users.count()).toBe(amount);
      expect(await identityOf(visitor)).toBeNull();
      expect(told).toEqual([]);
    });

    it.each([
      ['an account whose address is verified', UNVERIFIED, 'account_exists'],
      ['an account whose address is verified', NONE, 'email_required'],
      ['an account whose address is not verified', UNVERIFIED, 'account_exists'],
      ['an account whose address is not verified', NONE, 'email_required'],
      ['an account that writes the address in another way', UNVERIFIED, 'account_exists'],
      ['an account that writes the address in another way', NONE, 'email_required'],
      ['an account without a password', UNVERIFIED, 'account_exists'],
      ['an account without a password', NONE, 'email_required'],
      ['a disabled account', VERIFIED, 'account_disabled'],
      ['a disabled account', UNVERIFIED, 'account_exists'],
      ['a disabled account', NONE, 'email_required'],
      ['a disabled account whose address is not verified', VERIFIED, 'account_disabled'],
      ['a disabled account whose address is not verified', UNVERIFIED, 'account_exists'],
      ['a disabled account whose address is not verified', NONE, 'email_required'],
    ])('beside %s, with %s, goes back with %s, and all stays as it was', async (account, says, error) => {
      const email = `${randomBytes(5).toString('hex')}@bücher.example`;
      const isOtherwise = account.includes('in another way');
      const typed = isOtherwise ? email.replace('bücher', 'xn--bcher-kva').toUpperCase() : email;
      const { id } = await signUp(social.app, { email: typed });
      if (!account.includes('not verified')) await verify(id);
      if (account.includes('without a password')) await users().clearPassword(id, at());
      if (account.includes('disabled')) await users().disable(id, at());
      const visitor = visitorWith(says, email);
      const before = await recordOf(social, id);
      const amount = await social.app.models.users.count();

      const { page, told } = await comesBy(visitor);

      expect(page.origin + page.pathname).toBe(APP_PAGE);
      expect(parametersOf(page)).toEqual({ error, error_description: expect.any(String) });
      expect(await recordOf(social, id)).toEqual(before);
      expect(await social.app.models.users.count()).toBe(amount);
      expect(await identityOf(visitor)).toBeNull();
      expect(told).toEqual([]);
    });

    it('with a verified address signs in to the account that has verified it, whose other ways in stay, and its owner is told', async () => {
      const account = await anAccountInUse(social);
      await verify(account.id);
      const visitor = visitorWith(VERIFIED, account.email);
      const events = await auditOf(social, account.id);
      const revoked = await recordedRevocations(social.app);

      const { page, told } = await comesBy(visitor);

      expect(Object.keys(parametersOf(page))).toEqual(['code']);
      const { body } = await exchange(page).expect(200);
      expect(body.user).toMatchObject({ id: account.id, email: account.email, name: null });
      expect(await social.app.store.identities.list(account.id)).toMatchObject([
        { id: account.identityId },
        keyOf(social, visitor),
      ]);
      expect(await auditOf(social, account.id)).toEqual(
        [...events, 'identity.linked', 'login.succeeded'].sort(),
      );
      expect(await recordedRevocations(social.app)).toEqual(revoked);
      expect(told).toEqual([{ to: account.email, subject: LINKED }]);
      expect(await waysInto(social, account)).toEqual(allWays(true));
    });

    it('with a verified address that an account has not verified proves it: all other ways in end, and its owner is told', async () => {
      const account = await anAccountInUse(social);
      const { id, email } = account;
      const sessions = await social.app.store.sessions.listLive(id, at());
      const visitor = visitorWith(VERIFIED, email);
      const events = await auditOf(social, id);
      const earlier = (await recordedRevocations(social.app)).length;

      const { page, told } = await comesBy(visitor);

      expect(told).toEqual([
        { to: email, subject: LINKED },
        { to: email, subject: CLAIMED },
      ]);
      const revoked = (await recordedRevocations(social.app)).slice(earlier);
      expect(revoked.map(({ kind, subjectId }) => `${kind} ${subjectId}`).sort()).toEqual(
        [`key ${account.keyId}`, ...sessions.map((session) => `session ${session.id}`)].sort(),
      );
      expect(await auditOf(social, id)).toEqual([...events, 'email.verified', 'identity.linked'].sort());
      for (const credential of [account.token, account.key])
        expect(refusalOf(await social.app.get('/verify').auth(credential, as))).toBe('401 token_revoked');
      expect(await waysInto(social, account)).toEqual(allWays(false));
      const { body } = await exchange(page).expect(200);
      expect(body.user).toMatchObject({ id, email, email_verified: true, phone: null });
      expect(await users().findById(id)).toMatchObject({ passwordHash: null, phone: null });
      expect(await social.app.store.identities.list(id)).toMatchObject([keyOf(social, visitor)]);
    });

    it.each([
      ['verified', 'anna@example.com', 'ANNA@Example.COM'],
      ['verified', 'Berta@Example.com', 'berta@example.com'],
      ['verified', 'clara@bücher.example', 'clara@xn--bcher-kva.example'],
      ['verified', 'dora@xn--bcher-kva.example', 'Dora@BÜCHER.example'],
      ['not verified', 'emma@bücher.example', 'EMMA@xn--bcher-kva.example'],
      ['not verified', 'Frida@Example.com', 'frida@EXAMPLE.com'],
    ])('finds the account that has %s %s where the provider writes %s', async (state, email, written) => {
      const { id } = await signUp(social.app, { email });
      if (state === 'verified') await verify(id);

      const { page, told } = await comesBy(visitorWith(VERIFIED, written));

      const { body } = await exchange(page).expect(200);
      expect(body.user).toMatchObject({ id, email, email_verified: true });
      expect(await social.app.store.identities.list(id)).toMatchObject([{ email: written }]);
      const subjects = state === 'verified' ? [LINKED] : [LINKED, CLAIMED];
      expect(told).toEqual(subjects.map((subject) => ({ to: email, subject })));
    });

    it.each([
      ['verified', [LINKED]],
      ['not verified', [LINKED, CLAIMED]],
    ])('signs in to an account without a password whose address is %s', async (state, subjects) => {
      const { email } = aPerson();
      const id = await insertAccount(social, { email, isVerified: state === 'verified' });

      const { page, told } = await comesBy(visitorWith(VERIFIED, email));

      const { body } = await exchange(page).expect(200);
      expect(body.user).toMatchObject({ id, email, email_verified: true });
      expect(told).toEqual(subjects.map((subject) => ({ to: email, subject })));
    });

    it('ends what there was before on a device that the account knows, too', async () => {
      const person = await signUp(social.app);
      const visitor = visitorWith(VERIFIED, person.email);
      const browser = openBrowser(social.app);
      const { email, password } = person;
      await browser.send(
        social.app.post('/login').set('Origin', PAGE).send({ email, password, transport: 'cookie' }),
      );
      social.peer.signIn(visitor);

      const { page, told } = await comesBy(visitor, browser);

      const { body } = await exchange(page).expect(200);
      expect(body.user).toMatchObject({ id: person.id, email_verified: true });
      expect(told).toEqual([LINKED, CLAIMED].map((subject) => ({ to: email, subject })));
      await social.app.follower.catchUp();
      await social.app.get('/verify').auth(person.token, as).expect(401);
      await social.app.post('/login').send({ email, password }).expect(401);
    });
  });
});
