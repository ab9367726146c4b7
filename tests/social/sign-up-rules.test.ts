import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { refusalOf } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { statementsDuring } from '../support/queries.ts';
import {
  aVisitor,
  browserOf,
  idTokenOf,
  insertAccount,
  insertIdentity,
  keyOf,
  type Social,
  useSocial,
} from '../support/social-accounts.ts';
import { parametersOf } from '../support/social-browser.ts';
import type { GoogleUser } from '../support/social-peers/google.ts';

/** The error with which a visitor is led back; undefined where they are signed in. */
async function errorFor(social: Social, visitor: GoogleUser): Promise<string | undefined> {
  return parametersOf(await browserOf(social, visitor).signIn('google')).error;
}

async function signInAs(social: Social, visitor: GoogleUser) {
  const { user } = await browserOf(social, visitor).enter('google');
  return user;
}

const unverified = (email: string) => aVisitor({ email, emailVerified: false });

function withoutAddress(): GoogleUser {
  const { email: _email, ...visitor } = aVisitor();
  return visitor;
}

/** Those who may have an address. */
const OWNERS = ['no account', 'an account', 'an account that is not verified', 'a disabled account'];

/** An address of this owner, as long as any other. */
async function addressOf(social: Social, owner: string): Promise<string> {
  const { email = '' } = aVisitor();
  if (owner === 'no account') return email;
  const id = await insertAccount(social, { email, isVerified: !owner.includes('not verified') });
  if (owner.includes('disabled')) await social.app.store.users.disable(id, new Date(social.clock.now()));
  return email;
}

onEachDatabase((kind) => {
  describe.each([
    ['SOCIAL_SIGNUP=false', { SOCIAL_SIGNUP: 'false' }],
    ['SIGNUP_DISABLED=true', { SIGNUP_DISABLED: 'true' }],
  ])('%s', (_what, env) => {
    const social = useSocial(kind, env);

    it('makes no account by a provider, whatever that says of the address', async () => {
      const amount = await social.app.models.users.count();
      const visitors = [aVisitor(), aVisitor({ emailVerified: false }), withoutAddress()];

      for (const visitor of visitors) {
        expect(await errorFor(social, visitor)).toBe('signup_disabled');
        const proof = await idTokenOf(social, visitor);
        expect(refusalOf(await social.app.post('/login/google/id-token').send(proof))).toBe(
          '403 signup_disabled',
        );
      }

      expect(await social.app.models.users.count()).toBe(amount);
      expect(await social.app.models.identities.count()).toBe(0);
    });

    it('lets those who have an account sign in to it, for the first time and again', async () => {
      const { email = '' } = aVisitor();
      const id = await insertAccount(social, { email, isVerified: true });
      const visitor = aVisitor({ email });

      expect(await signInAs(social, visitor)).toMatchObject({ id });
      expect(await signInAs(social, visitor)).toMatchObject({ id });
    });

    it('does not tell by an unverified address whether it has an account', async () => {
      const errors = [];
      for (const owner of OWNERS) {
        errors.push(await errorFor(social, unverified(await addressOf(social, owner))));
      }

      expect(errors).toEqual(OWNERS.map(() => 'signup_disabled'));
    });
  });

  describe('SIGNUP_ENUMERATION=hide', () => {
    const social = useSocial(kind, { SIGNUP_ENUMERATION: 'hide' });

    it('does not tell by an unverified address whether it has an account, nor does the database see a difference', async () => {
      const seen = [];
      for (const owner of OWNERS) {
        const visitor = unverified(await addressOf(social, owner));
        const browser = browserOf(social, visitor);
        const callback = await browser.visit((await browser.begin('google')).headers.location ?? '');
        let page = '';
        const statements = await statementsDuring(social.app, async () => {
          page = (await browser.comeBack(callback)).headers.location ?? '';
        });
        const shapes = statements.map((sql) => sql.replaceAll(/'[^']*'/g, '?'));
        seen.push({ error: new URL(page).searchParams.get('error'), shapes });
      }

      expect(seen[0]).toMatchObject({ error: 'email_not_verified' });
      for (const one of seen) expect(one).toEqual(seen[0]);
    });

    it('signs up, in and to an account that is not verified with a verified address', async () => {
      for (const owner of ['no account', 'an account', 'an account that is not verified']) {
        const email = await addressOf(social, owner);
        expect(await signInAs(social, aVisitor({ email }))).toMatchObject({ email, email_verified: true });
      }
    });
  });

  describe('REQUIRE_VERIFIED_EMAIL=true', () => {
    const social = useSocial(kind, { REQUIRE_VERIFIED_EMAIL: 'true', SOCIAL_WITHOUT_EMAIL: 'true' });

    it('opens nothing by an address that was never verified, whether it has an account or not', async () => {
      for (const owner of OWNERS) {
        const visitor = unverified(await addressOf(social, owner));
        expect(await errorFor(social, visitor)).toBe('email_not_verified');
        expect(await social.app.store.identities.findByKey(keyOf(social, visitor))).toBeNull();
      }
    });

    it('lets a person into their own account again once its address is verified', async () => {
      const visitor = aVisitor({ emailVerified: false });
      const { email = '' } = visitor;
      const id = await insertAccount(social, { email });
      await insertIdentity(social, id, visitor);
      expect(await errorFor(social, visitor)).toBe('email_not_verified');

      await social.app.store.users.verifyEmail(id, email, new Date(social.clock.now()));

      expect(await signInAs(social, visitor)).toMatchObject({ id });
    });

    it('is kept by a verified address, and asks for none of those who have no address', async () => {
      expect(await signInAs(social, aVisitor())).toMatchObject({ email_verified: true });
      expect(await signInAs(social, withoutAddress())).toMatchObject({ email: null });
    });
  });

  describe('SOCIAL_DOMAINS', () => {
    const social = useSocial(kind, {
      SOCIAL_DOMAINS: 'Example.com,bücher.example',
      SOCIAL_WITHOUT_EMAIL: 'true',
    });
    const named = () => `person-${uuidv7()}`;

    it.each(['example.com', 'EXAMPLE.com', 'bücher.example', 'BÜCHER.example', 'xn--bcher-kva.example'])(
      'lets a verified address at %s sign up',
      async (domain) => {
        const visitor = aVisitor({ email: `${named()}@${domain}` });
        expect(await signInAs(social, visitor)).toMatchObject({ email: visitor.email });
      },
    );

    it.each([
      'sub.example.com',
      'notexample.com',
      'example.com.evil.example',
      'evil.example',
      'bucher.example',
      'exаmple.com',
    ])('lets no address at %s sign up', async (domain) => {
      const visitor = aVisitor({ email: `${named()}@${domain}` });
      expect(await errorFor(social, visitor)).toBe('email_domain_not_allowed');
      expect(await social.app.store.identities.findByKey(keyOf(social, visitor))).toBeNull();
    });

    it('makes no account by such an address that is not verified, nor without an address', async () => {
      expect(await errorFor(social, unverified(`${named()}@example.com`))).toBe('email_domain_not_allowed');
      expect(await errorFor(social, withoutAddress())).toBe('email_domain_not_allowed');
    });

    it('does not tell by an unverified address whether it has an account', async () => {
      for (const owner of OWNERS) {
        const visitor = unverified(await addressOf(social, owner));
        expect(await errorFor(social, visitor)).toBe('email_domain_not_allowed');
      }
    });

    it('opens an account that is there, whatever the domain of its address', async () => {
      const email = `${named()}@elsewhere.example`;
      const id = await insertAccount(social, { email, isVerified: true });
      expect(await signInAs(social, aVisitor({ email }))).toMatchObject({ id });
    });
  });

  describe('SOCIAL_WITHOUT_EMAIL=true', () => {
    const social = useSocial(kind, { SOCIAL_WITHOUT_EMAIL: 'true' });

    it('gives people without an address an account each, to which they come back', async () => {
      const [one, other] = [withoutAddress(), withoutAddress()];

      const first = await signInAs(social, one);
      const second = await signInAs(social, other);

      expect(first).toMatchObject({ email: null, email_verified: false, name: one.name });
      expect(second.id).not.toBe(first.id);
      expect(await signInAs(social, one)).toMatchObject({ id: first.id });
    });

    it('lets such an account be locked without losing the only way in to it', async () => {
      const visitor = withoutAddress();
      const { user, access_token: token } = await browserOf(social, visitor).enter('google');

      await social.app.post('/me/lockdown').auth(token, { type: 'bearer' }).expect(204);

      await social.app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      social.clock.advanceSeconds(1);
      expect(await signInAs(social, visitor)).toMatchObject({ id: user.id });
    });
  });
});
