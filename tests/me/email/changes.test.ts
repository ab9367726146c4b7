import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import {
  changeOf,
  codeFor,
  markVerified,
  messagesDuring,
  refusalOf,
  resetFor,
  sent,
  signInBy,
  verifyBy,
} from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('POST /me/email', () => {
    const app = useApp(kind);
    const emailOf = async (id: string) => (await app.store.users.findById(id))?.email;

    it('changes nothing before the new address is proved, and then tells the old one', async () => {
      const person = await signUp(app);
      await markVerified(app, person.email);
      const email = aPerson().email.toUpperCase();
      const change = await changeOf(app, person.token, email);
      expect(change).toMatchObject({ to: email });
      expect(await emailOf(person.id)).toBe(person.email);

      const [told] = await messagesDuring(app, () => verifyBy(app, change).expect(204));

      expect(told).toMatchObject({ to: person.email, data: { email, days: 7 } });
      expect(await app.store.users.findById(person.id)).toMatchObject({
        email,
        emailVerifiedAt: new Date(app.clock.now()),
      });
      const { password } = person;
      await app.post('/login').send({ email: person.email, password }).expect(401);
      await app.post('/login').send({ email: email.toLowerCase(), password }).expect(200);
      await app.get('/me').auth(person.token, as).expect(200);
    });

    it('adds an address to an account that has none, and tells no former one', async () => {
      const phone = `+4915112${Math.floor(Math.random() * 900_000) + 100_000}`;
      const { body } = await signInBy(app, await codeFor(app, { phone })).expect(200);
      const { email } = aPerson();

      const change = await changeOf(app, body.access_token, email);

      expect(await messagesDuring(app, () => verifyBy(app, change).expect(204))).toEqual([]);
      expect(await emailOf(body.user.id)).toBe(email);
    });

    it('tells the owner of a taken address, and nothing to those who asked', async () => {
      const [person, owner] = [await signUp(app), await signUp(app)];

      const told = await changeOf(app, person.token, owner.email);

      expect(told).toMatchObject({ to: owner.email, data: {}, code: '', link: '' });
    });

    it('is refused as taken where another account was faster', async () => {
      const person = await signUp(app);
      const { email } = aPerson();
      const change = await changeOf(app, person.token, email);
      await signUp(app, { email });

      expect(refusalOf(await verifyBy(app, change))).toBe('409 email_taken');
      expect(await emailOf(person.id)).toBe(person.email);
    });

    it('replaces the change before, whatever address that was for', async () => {
      const person = await signUp(app);
      const [first, second] = [
        await changeOf(app, person.token, aPerson().email),
        await changeOf(app, person.token, aPerson().email),
      ];

      expect(refusalOf(await verifyBy(app, first))).toBe('400 code_replaced');
      await verifyBy(app, second).expect(204);
    });

    it('is void once the account has another address by another way', async () => {
      const person = await signUp(app);
      const change = await changeOf(app, person.token, aPerson().email);
      const email = { shown: aPerson().email, canonical: aPerson().email };
      await app.store.users.update(
        person.id,
        { email: { ...email, canonical: email.shown } },
        new Date(app.clock.now()),
      );

      expect(refusalOf(await verifyBy(app, change))).toBe('400 invalid_code');
    });

    it.each([
      ['the password is changed', 'password'],
      ['the password is reset', 'reset'],
      ['all devices are signed out', 'global'],
      ['all other devices are signed out', 'others'],
      ['the account is locked down', 'lockdown'],
    ])('is void once %s: a thief may have asked for it', async (_what, how) => {
      const person = await signUp(app);
      const { email, password } = person;
      const change = await changeOf(app, person.token, aPerson().email);
      const owner = (await app.post('/login').send({ email, password }).expect(200)).body
        .access_token as string;
      app.clock.advanceSeconds(1);
      const next = aPerson().password;
      if (how === 'password') {
        const body = { current_password: password, new_password: next };
        await app.post('/me/password').auth(owner, as).send(body).expect(204);
      } else if (how === 'reset') {
        const { token } = await resetFor(app, email);
        await app.post('/password/reset').send({ token, new_password: next }).expect(204);
      } else if (how === 'lockdown') await app.post('/me/lockdown').auth(owner, as).expect(204);
      else await app.post(`/logout?scope=${how}`).auth(owner, as).expect(204);

      expect(refusalOf(await verifyBy(app, change))).toBe('400 code_replaced');
      expect(await emailOf(person.id)).toBe(email);
    });
  });

  describe('POST /email/verify', () => {
    const app = useApp(kind);

    it('verifies the address of a sign-up by its code or its link, and signs nobody in', async () => {
      for (const by of ['code', 'link'] as const) {
        const person = aPerson();
        let id = '';
        let challengeId = '';
        const [message] = await messagesDuring(app, async () => {
          const { body } = await app.post('/signup').send(person).expect(201);
          id = body.user.id;
          challengeId = body.verification.challenge_id;
          expect(body.verification.expires_in).toBe(86_400);
          expect(body.user.email_verified).toBe(false);
        });
        const { code = '', token = '' } = message ?? {};

        const answer = await (by === 'code'
          ? verifyBy(app, { challengeId, code })
          : app.post('/email/verify').send({ token })
        ).expect(204);

        expect(answer.text).toBe('');
        expect(answer.headers['set-cookie']).toBeUndefined();
        expect((await app.store.users.findById(id))?.emailVerifiedAt).toEqual(new Date(app.clock.now()));
        const [event] = await app.store.audit.list({ subjectId: id, type: 'email.verified' }, 1, undefined);
        expect(event).toMatchObject({ actor: { type: 'user', id }, details: {} });
      }
    });

    it('does not verify the address that the account has by now in place of that', async () => {
      const person = await signUp(app);
      const verification = await sent(app, app.post('/email/verify/resend').send({ email: person.email }));
      const other = aPerson().email;
      const identifier = { shown: other, canonical: other };
      await app.store.users.update(person.id, { email: identifier }, new Date(app.clock.now()));

      expect(refusalOf(await verifyBy(app, verification))).toBe('400 invalid_code');
      expect((await app.store.users.findById(person.id))?.emailVerifiedAt).toBeNull();
    });

    it('sends nothing more to an address that is verified, disabled or unknown', async () => {
      const [verified, disabled] = [await signUp(app), await signUp(app)];
      const at = new Date(app.clock.now());
      await app.store.users.verifyEmail(verified.id, verified.email, at);
      await app.store.users.disable(disabled.id, at);
      for (const { email } of [verified, disabled, aPerson()]) {
        const messages = await messagesDuring(app, () =>
          app.post('/email/verify/resend').send({ email }).expect(202),
        );
        expect(messages).toEqual([]);
      }
    });
  });
});
