import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { press } from '../support/code-ways.ts';
import {
  aPhone,
  changeOf,
  codeFor,
  linkFor,
  phoneCodeOf,
  refusalOf,
  resetFor,
  signInBy,
  verifyBy,
} from '../support/codes.ts';
import { logInByCookie } from '../support/cookies.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aVisitor, browserOf, idTokenOf, useSocial } from '../support/social-accounts.ts';
import { APP_PAGE, locationOf, parametersOf } from '../support/social-browser.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  const social = useSocial(kind);

  /** Links by the page of a provider, as an attacker does in their own browser. */
  async function begin(token: string, visitor: ReturnType<typeof aVisitor>, provider: 'google' | 'acme') {
    const browser = browserOf(social, visitor);
    const { body } = await browser.send(
      social.app.post(`/me/identities/${provider}`).auth(token, as).send({ return_to: APP_PAGE }),
    );
    return { browser, callback: await browser.visit(body.authorization_url) };
  }

  describe('An attacker who makes an account with the address of a victim, and waits', () => {
    it('has no way in any more once the victim comes by a provider, and the victim has all of them', async () => {
      const { app } = social;
      const victim = aVisitor();
      const { email = '' } = victim;

      // A password, a session, one with a cookie, an API key.
      const attacker = await signUp(app, { email });
      const browser = await logInByCookie(app, attacker);
      const { key } = await makeKey(app, attacker.token);
      // A phone number, by which one signs in.
      const phone = aPhone();
      const number = await phoneCodeOf(app, attacker.token, phone);
      await app
        .post('/me/phone/verify')
        .auth(attacker.token, as)
        .send({ challenge_id: number.challengeId, code: number.code })
        .expect(200);
      const phoneCode = await codeFor(app, { phone });
      // Identities: one that signs in, one that is on the way, and a code that is not exchanged yet.
      const mine = aVisitor();
      const first = await begin(attacker.token, mine, 'acme');
      expect(parametersOf(locationOf(await first.browser.comeBack(first.callback)))).toEqual({
        linked: 'acme',
      });
      const page = await browserOf(social, mine).signIn('acme');
      const onTheWay = await begin(attacker.token, aVisitor(), 'google');
      // A change of the address to one that the attacker reads.
      const change = await changeOf(app, attacker.token, aPerson().email);
      await app.follower.catchUp();
      for (const credential of [attacker.token, key])
        await app.get('/verify').auth(credential, as).expect(200);

      const { user, access_token: token } = await browserOf(social, victim).enter('google');

      expect(user).toMatchObject({ id: attacker.id, email, email_verified: true, phone: null });
      for (const credential of [attacker.token, key]) {
        expect(refusalOf(await app.get('/verify').auth(credential, as))).toBe('401 token_revoked');
      }
      await app.get('/me').set('Cookie', browser.cookie).expect(401);
      const { refreshToken, deviceToken, password } = attacker;
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      await app.post('/login').send({ email, password, device_token: deviceToken }).expect(401);
      expect(refusalOf(await app.post('/login/exchange').send({ code: page.searchParams.get('code') }))).toBe(
        '400 code_replaced',
      );
      const late = locationOf(await onTheWay.browser.comeBack(onTheWay.callback));
      expect(parametersOf(late)).toMatchObject({ error: 'token_revoked' });
      expect(refusalOf(await verifyBy(app, change))).toBe('400 code_replaced');
      expect(refusalOf(await signInBy(app, phoneCode))).toBe('400 code_replaced');
      expect((await browserOf(social, mine).enter('acme')).user.id).not.toBe(user.id);
      const byPhone = await signInBy(app, await codeFor(app, { phone })).expect(200);
      expect(byPhone.body.user.id).not.toBe(user.id);

      await app.get('/verify').auth(token, as).expect(200);
      const chosen = aPerson().password;
      const reset = await resetFor(app, email);
      await app.post('/password/reset').send({ token: reset.token, new_password: chosen }).expect(204);
      await app.post('/login').send({ email, password: chosen }).expect(200);
      expect((await browserOf(social, victim).enter('google')).user.id).toBe(user.id);
    });

    it('has none either where the account was made by a provider that does not check addresses', async () => {
      const victim = aVisitor();
      const mine = aVisitor({ email: victim.email ?? '', emailVerified: false });
      const attacker = await browserOf(social, mine).enter('acme');
      const waiting = browserOf(social, mine);
      const page = await waiting.signIn('acme');

      const { user } = await browserOf(social, victim).enter('google');

      expect(user).toMatchObject({ id: attacker.user.id, email_verified: true });
      await social.app.get('/me').auth(attacker.access_token, as).expect(401);
      await social.app.post('/refresh').send({ refresh_token: attacker.refresh_token }).expect(401);
      expect(refusalOf(await waiting.exchange(page))).toBe('400 code_replaced');
      expect(parametersOf(await browserOf(social, mine).signIn('acme'))).toMatchObject({
        error: 'account_exists',
      });
    });
  });

  describe('An attacker who links their account at a provider in advance', () => {
    const proofs = ['a code', 'a link', 'a reset of the password', 'another provider'] as const;

    it.each(proofs)('cannot enter once the victim has proved the address by %s', async (proof) => {
      const { app } = social;
      const victim = aVisitor();
      const { email = '' } = victim;
      const mine = aVisitor({ email, emailVerified: false });
      const attacker = await browserOf(social, mine).enter('acme');

      if (proof === 'a code') await signInBy(app, await codeFor(app, { email })).expect(200);
      if (proof === 'a link') {
        await press(app, await linkFor(app, email, { return_to: 'http://localhost/' })).expect(303);
      }
      if (proof === 'another provider') await browserOf(social, victim).enter('google');
      if (proof === 'a reset of the password') {
        const { token } = await resetFor(app, email);
        const { password } = aPerson();
        await app.post('/password/reset').send({ token, new_password: password }).expect(204);
        await app.post('/login').send({ email, password }).expect(200);
      }

      expect(await app.store.users.findById(attacker.user.id)).toMatchObject({ email });
      await app.get('/me').auth(attacker.access_token, as).expect(401);
      await app.post('/refresh').send({ refresh_token: attacker.refresh_token }).expect(401);
      const page = await browserOf(social, mine).signIn('acme');
      expect(parametersOf(page)).toMatchObject({ error: 'account_exists' });
    });

    it('cannot enter an account that is there, whether its address is verified or not', async () => {
      const { app } = social;
      const person = await signUp(app);
      const mine = aVisitor({ email: person.email, emailVerified: false });

      expect(parametersOf(await browserOf(social, mine).signIn('acme'))).toMatchObject({
        error: 'account_exists',
      });
      const proof = await idTokenOf(social, mine);
      expect(refusalOf(await app.post('/login/acme/id-token').send(proof))).toBe('409 account_exists');
      await app.store.users.verifyEmail(person.id, person.email, new Date(social.clock.now()));
      expect(parametersOf(await browserOf(social, mine).signIn('acme'))).toMatchObject({
        error: 'account_exists',
      });
      expect(await app.store.identities.list(person.id)).toEqual([]);
    });

    it('brings the victim into no account of theirs by a page that they have come back to', async () => {
      const mine = aVisitor();
      const browser = browserOf(social, mine);
      const begun = await browser.begin('google');
      const callback = await browser.visit(locationOf(begun));

      const answer = await browserOf(social, aVisitor()).comeBack(callback);

      expect(answer.status).toBe(400);
      expect(answer.headers.location).toBeUndefined();
    });

    it('brings the victim into no account of theirs by a code that the app has not asked for', async () => {
      const page = await browserOf(social, aVisitor()).signIn('google');
      const code = page.searchParams.get('code');
      const challenge_id = '01a20000-0000-7000-8000-000000000001';

      const planted = await social.app.post('/login/exchange').send({ code, challenge_id });

      expect(refusalOf(planted)).toBe('400 invalid_link');
    });

    it('exchanges no code that was caught on its way to an app which has chosen a challenge_id', async () => {
      const challenge_id = '01a20000-0000-7000-8000-000000000002';
      const page = await browserOf(social, aVisitor()).signIn('google', { challenge_id });
      const code = page.searchParams.get('code');

      const caught = await social.app.post('/login/exchange').send({ code });
      const own = await social.app.post('/login/exchange').send({ code, challenge_id });

      expect(refusalOf(caught)).toBe('400 invalid_link');
      expect(own.status).toBe(200);
    });
  });
});
