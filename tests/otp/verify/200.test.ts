import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { press } from '../../support/code-ways.ts';
import {
  aPhone,
  changeOf,
  codeFor,
  linkFor,
  messagesDuring,
  phoneCodeOf,
  refusalOf,
  signInBy,
  verifyBy,
} from '../../support/codes.ts';
import { asPage, PAGE, sessionCookieIn, setCookiesIn } from '../../support/cookies.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;
const RETURN_TO = 'http://localhost:3000/';

onEachDatabase((kind) => {
  describe('POST /otp/verify', () => {
    const app = useApp(kind, { NEW_DEVICE_MAIL: 'true', CORS_ORIGINS: PAGE });

    it('signs up where there is no account, with a verified address as it was typed', async () => {
      const typed = aPerson().email.replace('person', 'Person');

      const { body } = await signInBy(app, await codeFor(app, { email: typed })).expect(200);

      expect(body.user).toMatchObject({ email: typed });
      const user = await app.store.users.findByEmail(typed.toLowerCase());
      expect(user).toMatchObject({ email: typed, passwordHash: null, username: null, phone: null });
      expect(user?.emailVerifiedAt).not.toBeNull();
      const events = await app.store.audit.list({ subjectId: body.user.id }, 10, undefined);
      expect(events.map(({ type }) => type).sort()).toEqual(['login.succeeded', 'user.signed_up']);
      await app.get('/me').auth(body.access_token, as).expect(200);
    });

    it('signs up and in by phone, whatever blanks are between the digits', async () => {
      const phone = aPhone();
      const spelled = `${phone.slice(0, 3)} ${phone.slice(3, 7)}-${phone.slice(7)} `;
      const first = await codeFor(app, { phone: spelled });
      expect(first).toMatchObject({ channel: 'sms', to: phone });
      const { body } = await signInBy(app, first).expect(200);
      expect(body.user).toMatchObject({ phone, email: null });
      app.clock.advanceSeconds(1);

      const again = await signInBy(app, await codeFor(app, { phone })).expect(200);

      expect(again.body.user.id).toBe(body.user.id);
    });

    it.each([
      ['a code by mail', 'email', ['otp'], 'email_code'],
      ['a code by SMS', 'phone', ['otp', 'sms'], 'phone_code'],
    ])('says how %s has proved who it is, and when', async (_what, channel, amr, method) => {
      const to = channel === 'email' ? { email: aPerson().email } : { phone: aPhone() };

      const { body } = await signInBy(app, await codeFor(app, to)).expect(200);

      expect(claimsIn(body.access_token)).toMatchObject({
        amr,
        auth_time: Math.floor(app.clock.now() / 1000),
      });
      const { body: list } = await app.get('/sessions').auth(body.access_token, as).expect(200);
      expect(list.sessions).toMatchObject([{ method }]);
    });

    it('signs in with a cookie where that is asked for', async () => {
      const given = await codeFor(app, aPerson());

      const response = await signInBy(app, given, { transport: 'cookie' }).set('Origin', PAGE).expect(200);

      const cookie = sessionCookieIn(response);
      expect(cookie).not.toBe('');
      expect(response.body).not.toHaveProperty('access_token');
      await app.get('/me').set('Cookie', cookie).expect(200);
      await asPage(app.post('/logout'), { cookie, csrfToken: response.body.csrf_token }).expect(204);
    });

    it('refuses to set a cookie for a page elsewhere, and counts and uses nothing', async () => {
      const given = await codeFor(app, aPerson());
      for (const headers of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
        const refused = await signInBy(app, given, { transport: 'cookie' }).set(headers);
        expect(refused.status).toBeGreaterThanOrEqual(400);
        expect(setCookiesIn(refused)).toEqual([]);
      }
      await signInBy(app, given).expect(200);
    });

    it.each(['code', 'link'])(
      'ends the password, sessions, keys and number of whoever made the account for the address, by a %s',
      async (by) => {
        const thief = await signUp(app);
        const { email } = thief;
        const { key } = await makeKey(app, thief.token);
        const phone = aPhone();
        const added = await phoneCodeOf(app, thief.token, phone);
        const proof = { challenge_id: added.challengeId, code: added.code };
        await app.post('/me/phone/verify').auth(thief.token, as).send(proof).expect(200);
        const waiting = await changeOf(app, thief.token, aPerson().email);

        const owner =
          by === 'code'
            ? (await signInBy(app, await codeFor(app, { email })).expect(200)).body
            : await byLink(email);

        expect(owner.user.id).toBe(thief.id);
        expect(await app.store.users.findById(thief.id)).toMatchObject({ passwordHash: null, phone: null });
        expect((await app.store.users.findById(thief.id))?.emailVerifiedAt).not.toBeNull();
        await app.get('/me').auth(owner.access_token, as).expect(200);
        for (const credential of [thief.token, key])
          await app.get('/verify').auth(credential, as).expect(401);
        await app.post('/refresh').send({ refresh_token: thief.refreshToken }).expect(401);
        await app.post('/login').send({ email, password: thief.password }).expect(401);
        expect(refusalOf(await verifyBy(app, waiting))).toBe('400 code_replaced');
        const other = await signInBy(app, await codeFor(app, { phone })).expect(200);
        expect(other.body.user.id).not.toBe(thief.id);
      },
    );

    async function byLink(email: string) {
      const { headers } = await press(app, await linkFor(app, email, { return_to: RETURN_TO })).expect(303);
      const code = new URL(String(headers.location)).searchParams.get('code');
      return (await app.post('/login/exchange').send({ code }).expect(200)).body;
    }

    it('leaves the password, sessions and keys of a verified account as they are', async () => {
      const person = await signUp(app);
      await app.store.users.verifyEmail(person.id, person.email, new Date(app.clock.now()));
      const { key } = await makeKey(app, person.token);

      await signInBy(app, await codeFor(app, person)).expect(200);

      for (const credential of [person.token, key]) await app.get('/verify').auth(credential, as).expect(200);
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
    });

    it('mails the stored address alone, never one that only canonicalises the same', async () => {
      const person = await signUp(app, { email: aPerson().email.replace('person', 'k\u00e9lvin') });
      const typed = [
        person.email.toUpperCase(),
        person.email.replace('\u00e9', 'e\u0301').replace('k', '\u212a'),
        person.email.replace('example.com', 'EXAMPLE\u3002com'),
      ];
      for (const email of typed) {
        for (const path of ['/otp', '/login/link', '/password/forgot', '/email/verify/resend']) {
          const messages = await messagesDuring(app, () => app.post(path).send({ email }).expect(202));
          expect(messages.map(({ to }) => to)).toEqual([person.email]);
        }
      }
    });

    it('takes a code once more where the sign-in has failed, and leaves nothing of that', async () => {
      const { email } = aPerson();
      const given = await codeFor(app, { email });
      await app.database.sequelize.query('ALTER TABLE ledger RENAME TO ledger_away');

      await signInBy(app, given).expect(500);

      await app.database.sequelize.query('ALTER TABLE ledger_away RENAME TO ledger');
      expect(await app.store.users.findByEmail(email)).toBeNull();
      await signInBy(app, given).expect(200);
    });

    it('does not sign in to the account that has changed its address since', async () => {
      const person = await signUp(app);
      const given = await codeFor(app, person);
      const change = await changeOf(app, person.token, aPerson().email);
      await verifyBy(app, change).expect(204);

      expect(refusalOf(await signInBy(app, given))).toBe('400 invalid_code');
    });

    it('ends the oldest sessions of an account that has more than a hundred', async () => {
      const { email } = aPerson();
      const first = await signInBy(app, await codeFor(app, { email })).expect(200);
      const { id } = first.body.user;
      const row = (await app.models.sessions.findOne({ where: { userId: id }, raw: true })) as unknown as {
        id: string;
      };
      const copies = Array.from({ length: 100 }, () => ({ ...row, id: uuidv7({ msecs: app.clock.now() }) }));
      await app.models.sessions.bulkCreate(copies as never);
      app.clock.advanceSeconds(1);

      await signInBy(app, await codeFor(app, { email })).expect(200);

      const live = await app.models.sessions.count({ where: { userId: id, revokedAt: null } });
      expect(live).toBe(100);
      await app.models.sessions.destroy({ where: { userId: id } });
    });
  });

  describe('Sign-ups by codes', () => {
    const closed = useApp(kind, { SIGNUP_DISABLED: 'true' });

    it('are refused where SIGNUP_DISABLED says so, as if the code were wrong, and nothing is sent', async () => {
      for (const to of [{ email: aPerson().email }, { phone: aPhone() }]) {
        let challengeId = '';
        const messages = await messagesDuring(closed, async () => {
          challengeId = (await closed.post('/otp').send(to).expect(202)).body.challenge_id;
        });
        expect(messages).toEqual([]);
        expect(refusalOf(await signInBy(closed, { challengeId, code: '123456' }))).toBe('400 invalid_code');
      }
    });
  });
});
