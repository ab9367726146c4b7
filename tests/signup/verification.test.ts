import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { codeFor, messagesDuring, refusalOf, sent, signInBy, verifyBy } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /signup where SIGNUP_ENUMERATION is hide', () => {
    const app = useApp(kind, { SIGNUP_ENUMERATION: 'hide' });

    it('answers 202 and makes no account before the address is proved, by code or link', async () => {
      for (const by of ['code', 'link']) {
        const person = aPerson({ name: 'Grace Hopper' });
        const given = await sent(app, app.post('/signup').send(person));
        expect(given).toMatchObject({ to: person.email });
        expect(await app.store.users.findByEmail(person.email)).toBeNull();
        await app.post('/login').send({ email: person.email, password: person.password }).expect(401);

        await (by === 'code'
          ? verifyBy(app, given)
          : app.post('/email/verify').send({ token: given.token })
        ).expect(204);

        const user = await app.store.users.findByEmail(person.email);
        expect(user).toMatchObject({ email: person.email, name: 'Grace Hopper' });
        expect(user?.emailVerifiedAt).not.toBeNull();
        await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
      }
    });

    it('sends what waits once more, and nothing where nothing waits', async () => {
      const person = aPerson();
      const older = await sent(app, app.post('/signup').send(person));
      app.clock.advanceSeconds(1);

      const newer = await sent(app, app.post('/email/verify/resend').send({ email: person.email }));

      expect(refusalOf(await verifyBy(app, older))).toBe('400 code_replaced');
      await verifyBy(app, newer).expect(204);
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
      const { email } = person;
      expect(
        await messagesDuring(app, () => app.post('/email/verify/resend').send({ email }).expect(202)),
      ).toEqual([]);
    });

    it('keeps neither the password nor its hash in clear until then', async () => {
      const person = aPerson();
      const given = await sent(app, app.post('/signup').send(person));
      const row = (await app.models.challenges.findByPk(given.challengeId))?.get();
      expect(JSON.stringify(row)).not.toMatch(/canary|lk1:|\$2b\$/);
    });

    it('tells the owner of a known address, makes no second account, and changes nothing of the first', async () => {
      const { email } = aPerson();
      const first = await signInBy(app, await codeFor(app, { email })).expect(200);
      app.clock.advanceSeconds(1);

      const given = await sent(app, app.post('/signup').send(aPerson({ email })));

      expect(given).toMatchObject({ to: email, data: {}, code: '', link: '' });
      expect(await app.models.users.count({ where: { emailCanonical: email } })).toBe(1);
      expect(await app.store.users.findByEmail(email)).toMatchObject({
        id: first.body.user.id,
        passwordHash: null,
      });
    });

    it('takes the sign-up that was proved, of several with one address', async () => {
      const { email } = aPerson();
      const [first, second] = [aPerson({ email }), aPerson({ email })];
      const older = await sent(app, app.post('/signup').send(first));
      const newer = await sent(app, app.post('/signup').send(second));

      expect(refusalOf(await verifyBy(app, older))).toBe('400 code_replaced');
      await verifyBy(app, newer).expect(204);

      await app.post('/login').send({ email, password: first.password }).expect(401);
      await app.post('/login').send({ email, password: second.password }).expect(200);
    });

    it('refuses a username as a field that comes later, since whether it is free would tell', async () => {
      const username = aUsername();
      const { body } = await app.post('/signup').send(aPerson({ username })).expect(400);
      expect(body.errors).toMatchObject([{ pointer: '/username', code: 'not_accepted_here' }]);
    });

    it('makes one account of a proof and a first sign-in by code at once', async () => {
      for (let round = 0; round < 3; round++) {
        const person = aPerson();
        const given = await sent(app, app.post('/signup').send(person));
        const code = await codeFor(app, person);
        const [verified, signedIn] = await Promise.all([verifyBy(app, given), signInBy(app, code)]);
        expect([204, 409]).toContain(verified.status);
        expect(signedIn.status).toBe(200);
        expect(await app.models.users.count({ where: { emailCanonical: person.email } })).toBe(1);
      }
    });
  });

  describe('Where REQUIRE_VERIFIED_EMAIL is set', () => {
    const app = useApp(kind, { REQUIRE_VERIFIED_EMAIL: 'true' });

    it('POST /signup answers 202, and POST /login 403 to the right password until the address is verified', async () => {
      const person = aPerson({ username: aUsername() });
      const { email, password, username } = person;
      const given = await sent(app, app.post('/signup').send(person));
      expect(await app.store.users.findByEmail(email)).toMatchObject({ emailVerifiedAt: null });

      for (const identifier of [{ email }, { username }, { identifier: email }]) {
        const refused = await app
          .post('/login')
          .send({ ...identifier, password })
          .expect(403);
        expect(refused.body.code).toBe('email_not_verified');
        expect(refused.headers['set-cookie']).toBeUndefined();
      }
      const wrong = await app.post('/login').send({ email, password: aPerson().password }).expect(401);
      const unknown = await app.post('/login').send(aPersonsLogin()).expect(401);
      expect({ ...wrong.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
      expect(await app.models.sessions.count()).toBe(0);

      await verifyBy(app, given).expect(204);
      await app.post('/login').send({ email, password }).expect(200);
    });

    const aPersonsLogin = () => ({ email: aPerson().email, password: aPerson().password });

    it('a refused login by the right password counts as none that was wrong, and is in the audit log', async () => {
      const person = aPerson();
      await app.post('/signup').send(person).expect(202);
      for (let times = 0; times < 8; times++) {
        await app.post('/login').send({ email: person.email, password: person.password }).expect(403);
      }
      const user = await app.store.users.findByEmail(person.email);
      const events = await app.store.audit.list(
        { subjectId: user?.id ?? '', type: 'login.failed' },
        20,
        undefined,
      );
      expect(events).toHaveLength(8);
      expect(events[0]).toMatchObject({ outcome: 'failure', details: { reason: 'email_not_verified' } });
    });

    it('a sign-in by code verifies the address, and a reset does so as well', async () => {
      const [one, other] = [aPerson(), aPerson()];
      for (const person of [one, other]) await app.post('/signup').send(person).expect(202);
      app.clock.advanceSeconds(1);
      await signInBy(app, await codeFor(app, one)).expect(200);
      const reset = await sent(app, app.post('/password/forgot').send({ email: other.email }));
      const { password } = aPerson();
      await app.post('/password/reset').send({ token: reset.token, new_password: password }).expect(204);
      await app.post('/login').send({ email: other.email, password }).expect(200);
    });
  });

  describe('POST /signup', () => {
    const app = useApp(kind);

    it('mails a code and a link to the address as it was typed, in the language of the request', async () => {
      const person = aPerson({ email: aPerson().email.toUpperCase() });
      const [message] = await messagesDuring(app, () => app.post('/signup').send(person).expect(201));
      expect(message).toMatchObject({ to: person.email, channel: 'email' });
      expect(message?.link).toBe(`https://auth.example.com/email/verify/${message?.token}`);
    });

    it('mails nobody where the address is taken', async () => {
      const person = aPerson();
      await app.post('/signup').send(person).expect(201);
      const messages = await messagesDuring(app, () =>
        app
          .post('/signup')
          .send(aPerson({ email: person.email }))
          .expect(409),
      );
      expect(messages).toEqual([]);
    });
  });
});
