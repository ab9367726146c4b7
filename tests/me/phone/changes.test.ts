import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import { aPhone, codeFor, phoneCodeOf, refusalOf, signInBy } from '../../support/codes.ts';
import { onEachDatabase, onOneDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('A phone number of an account', () => {
    const app = useApp(kind);
    const verify = (token: string, { challengeId, code }: { challengeId: string; code: string }) =>
      app.post('/me/phone/verify').auth(token, as).send({ challenge_id: challengeId, code });
    const typesOf = async (id: string) =>
      (await app.store.audit.list({ subjectId: id }, 20, undefined)).map(({ type }) => type);

    it('is added once a code proves it, signs in from then on, and can be changed and removed', async () => {
      const person = await signUp(app);
      const [first, second] = [aPhone(), aPhone()];

      const { body } = await verify(person.token, await phoneCodeOf(app, person.token, first)).expect(200);

      expect(body.user).toMatchObject({ id: person.id, phone: first });
      const signedIn = await signInBy(app, await codeFor(app, { phone: first })).expect(200);
      expect(signedIn.body.user.id).toBe(person.id);
      await verify(person.token, await phoneCodeOf(app, person.token, second)).expect(200);
      const stranger = await signInBy(app, await codeFor(app, { phone: first })).expect(200);
      expect(stranger.body.user.id).not.toBe(person.id);
      await app.delete('/me/phone').auth(person.token, as).expect(204);
      expect((await app.store.users.findById(person.id))?.phone).toBeNull();
      await app.delete('/me/phone').auth(person.token, as).expect(204);
      expect((await typesOf(person.id)).filter((type) => type.startsWith('phone.')).sort()).toEqual([
        'phone.changed',
        'phone.changed',
        'phone.removed',
      ]);
    });

    it('is not added by the code of another account', async () => {
      const [person, other] = [await signUp(app), await signUp(app)];
      const phone = aPhone();
      const given = await phoneCodeOf(app, person.token, phone);

      expect(refusalOf(await verify(other.token, given))).toBe('400 invalid_code');

      expect((await app.store.users.findById(other.id))?.phone).toBeNull();
      await verify(person.token, given).expect(200);
    });

    it('belongs to one account: another is told so once it has proved the number, and keeps its code', async () => {
      const [person, other] = [await signUp(app), await signUp(app)];
      const phone = aPhone();
      const [one, two] = [
        await phoneCodeOf(app, person.token, phone),
        await phoneCodeOf(app, other.token, phone),
      ];
      // The request of one does not end the code of the other.
      await verify(other.token, two).expect(200);

      expect(refusalOf(await verify(person.token, one))).toBe('409 phone_taken');

      await app.delete('/me/phone').auth(other.token, as).expect(204);
      await verify(person.token, one).expect(200);
    });

    it('stays where it is the last way to sign in', async () => {
      const { body } = await signInBy(app, await codeFor(app, { phone: aPhone() })).expect(200);

      expect(refusalOf(await app.delete('/me/phone').auth(body.access_token, as))).toBe(
        '409 last_sign_in_method',
      );
      // A password without anything to type beside it is no way to sign in.
      await app.store.users.setPassword(body.user.id, 'lk1:x', new Date(app.clock.now()));
      expect(refusalOf(await app.delete('/me/phone').auth(body.access_token, as))).toBe(
        '409 last_sign_in_method',
      );
      await app
        .patch('/me')
        .auth(body.access_token, as)
        .send({ username: `u${body.user.id.slice(-12)}` })
        .expect(200);
      await app.delete('/me/phone').auth(body.access_token, as).expect(204);
    });

    it('is changed and removed within minutes of a sign-in alone (RFC 9470)', async () => {
      const person = await signUp(app);
      // The time in a token is one of whole seconds.
      app.clock.advanceSeconds(899);
      const late = await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
      await app.post('/me/phone').auth(late.body.access_token, as).send({ phone: aPhone() }).expect(202);
      app.clock.advanceSeconds(2);
      const { body } = await app
        .post('/refresh')
        .send({ refresh_token: late.body.refresh_token })
        .expect(200);

      for (const request of [
        app.post('/me/phone').send({ phone: aPhone() }),
        app.delete('/me/phone'),
        app.post('/me/email').send({ email: 'other@example.com' }),
      ]) {
        const refused = await request.auth(body.access_token, as).expect(401);
        expect(refused.body.code).toBe('insufficient_user_authentication');
        expect(refused.headers['www-authenticate']).toMatch(
          /^Bearer realm="[^"]+", error="insufficient_user_authentication", error_description="[^"]+", max_age="900"$/,
        );
      }
      const { email, password } = person;
      const again = await app.post('/login').send({ email, password }).expect(200);
      await app.post('/me/phone').auth(again.body.access_token, as).send({ phone: aPhone() }).expect(202);
    });

    it('cannot be changed or removed with an API key', async () => {
      const { key } = await makeKey(app, (await signUp(app)).token);
      for (const request of [
        app.post('/me/phone').send({ phone: aPhone() }),
        app.post('/me/phone/verify').send({ challenge_id: uuidv7(), code: '123456' }),
        app.delete('/me/phone'),
        app.post('/me/email').send({ email: 'other@example.com' }),
        app.post('/me/lockdown'),
      ]) {
        expect(refusalOf(await request.auth(key, as))).toBe('403 session_required');
      }
    });

    it('is given to one of two accounts that prove it at once', async () => {
      for (let round = 0; round < 3; round++) {
        const phone = aPhone();
        const people = [await signUp(app), await signUp(app)] as const;
        const signInCode = await codeFor(app, { phone });
        const given = await phoneCodeOf(app, people[0].token, phone);

        const answers = await Promise.all([verify(people[0].token, given), signInBy(app, signInCode)]);

        expect(answers.every(({ status }) => status < 500)).toBe(true);
        expect(await app.models.users.count({ where: { phone } })).toBe(1);
      }
    });
  });

  describe('Numbers with a code of their own', () => {
    const TEST = '+15550001111';
    const EXISTING = '+15550002222';
    const day = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    const app = useApp(kind, {
      SMS_TEST_CODES: `${TEST}:135790,${EXISTING}:024680:${day}`,
      SMS_DAILY_BUDGET: '1',
    });

    it('always have that code, get no SMS, and spend nothing of the budget', async () => {
      for (const [phone, code] of [
        [TEST, '135790'],
        [EXISTING, '024680'],
        [TEST, '135790'],
      ] as const) {
        app.clock.advanceSeconds(1);
        const { body } = await app.post('/otp').send({ phone }).expect(202);
        await app.outbox.settled();
        expect((await app.outbox.listLatest(20)).filter(({ to }) => to === phone)).toEqual([]);
        expect(refusalOf(await signInBy(app, { challengeId: body.challenge_id, code: '111111' }))).toBe(
          '400 invalid_code',
        );
        await signInBy(app, { challengeId: body.challenge_id, code }).expect(200);
      }
      await codeFor(app, { phone: aPhone() });
    });

    it('are numbers like any other once their day is over', async () => {
      app.clock.advanceSeconds(3 * 86_400);

      const { body } = await app.post('/otp').send({ phone: EXISTING }).expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/phone', code: 'invalid_phone' }]);
      await app.post('/otp').send({ phone: TEST }).expect(202);
    });
  });
});

onOneDatabase((kind) => {
  describe('Numbers that get no SMS', () => {
    const app = useApp(kind, { SMS_COUNTRIES: 'DE,AT', SMS_DAILY_BUDGET: '3' });

    it.each([
      ['a premium one', '+499001234567', 'invalid_phone'],
      ['one that is free to call', '+498001234567', 'invalid_phone'],
      ['one of shared cost', '+4918012345', 'invalid_phone'],
      ['one that nobody has', '+4915', 'invalid_phone'],
      ['one without a country', '015112345678', 'invalid_phone'],
      ['one of a country that does not exist', '+999123456789', 'invalid_phone'],
      ['an extension', '+4915112345678;ext=1', 'invalid_phone'],
      ['letters', '+49151CALLME1', 'invalid_phone'],
      ['other digits', '+٤٩١٥١١٢٣٤٥٦٧٨', 'invalid_phone'],
      ['two numbers', '+4915112345678+4915112345679', 'invalid_phone'],
      ['a line break and more', '+4915112345678\nBody: x', 'invalid_phone'],
      ['a NUL', '+4915112345678\u0000', 'invalid_phone'],
      ['one of another country', '+33612345678', 'country_not_allowed'],
      ['one of a satellite network', '+881612345678', 'country_not_allowed'],
    ])('are refused before anything is counted: %s', async (_what, phone, code) => {
      const { token } = await signUp(app);
      for (const request of [app.post('/otp'), app.post('/me/phone').auth(token, as)]) {
        const { body } = await request.send({ phone }).expect(400);
        expect(body.errors).toMatchObject([
          { pointer: '/phone', code: expect.stringMatching(`${code}|invalid_phone`) },
        ]);
      }
    });

    it('have left the budget as it was', async () => {
      for (let times = 0; times < 3; times++) await codeFor(app, { phone: aPhone() });
      await app.post('/otp').send({ phone: aPhone() }).expect(429);
    });

    it.each(['+43 664 1234567', '+49 (151) 123-456-78', ' +49\u00a0151/12345678 '])(
      'do not include %j',
      async (phone) => {
        app.clock.advanceSeconds(86_400);
        await app.post('/otp').send({ phone }).expect(202);
      },
    );
  });
});
