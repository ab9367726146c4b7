import { describe, expect, it } from '@jest/globals';
import type { Test } from 'supertest';
import { makeKey } from '../support/api-keys.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { press } from '../support/code-ways.ts';
import {
  aPhone,
  changeOf,
  codeFor,
  linkFor,
  messagesDuring,
  phoneCodeOf,
  refusalOf,
  resetFor,
  signInBy,
  verifyBy,
} from '../support/codes.ts';
import { logInByCookie, PAGE } from '../support/cookies.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { useTwoApps } from '../support/two-apps.ts';

const as = { type: 'bearer' } as const;
const aPersonsEmail = () => ({ email: aPerson().email });
const ENV = { NEW_DEVICE_MAIL: 'true', CORS_ORIGINS: PAGE };

/** Signs in on a new device, and returns what the owner is mailed of that. */
async function signInElsewhere(app: TestApp, { email, password }: { email: string; password: string }) {
  let token = '';
  const [message] = await messagesDuring(app, async () => {
    token = (await app.post('/login').send({ email, password }).expect(200)).body.access_token;
  });
  return { token, link: message?.token ?? '' };
}

onEachDatabase((kind) => {
  describe.each([
    [
      'POST /lockdown',
      (app: TestApp, { link }: { link: string }) => app.post('/lockdown').send({ token: link }),
    ],
    [
      'POST /me/lockdown',
      (app: TestApp, { token }: { token: string }) => app.post('/me/lockdown').auth(token, as),
    ],
  ])('%s', (_what, lockDown) => {
    const app = useApp(kind, ENV);

    it('ends every session, refresh token, device token and API key, the password, the number and what waits', async () => {
      const person = await signUp(app);
      const { email, password } = person;
      await app.store.users.verifyEmail(person.id, email, new Date(app.clock.now()));
      const { key } = await makeKey(app, person.token);
      const phone = aPhone();
      const added = await phoneCodeOf(app, person.token, phone);
      const proof = { challenge_id: added.challengeId, code: added.code };
      await app.post('/me/phone/verify').auth(person.token, as).send(proof).expect(200);
      const browser = await logInByCookie(app, person);
      const code = await codeFor(app, { email });
      const link = await linkFor(app, email, { return_to: 'http://localhost/' });
      const reset = await resetFor(app, email);
      const change = await changeOf(app, person.token, aPerson().email);
      const older = await signInElsewhere(app, person);
      const elsewhere = await signInElsewhere(app, person);

      const [told] = await messagesDuring(app, () => lockDown(app, elsewhere).expect(204));

      expect(told).toMatchObject({ to: email, data: {} });
      for (const credential of [person.token, elsewhere.token, key]) {
        expect(refusalOf(await app.get('/verify').auth(credential, as))).toBe('401 token_revoked');
      }
      await app.get('/me').set('Cookie', browser.cookie).expect(401);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(401);
      await app.post('/login').send({ email, password, device_token: person.deviceToken }).expect(401);
      expect(refusalOf(await signInBy(app, code))).toBe('400 code_replaced');
      expect((await press(app, link)).status).toBe(400);
      expect(refusalOf(await verifyBy(app, change))).toBe('400 code_replaced');
      const body = { token: reset.token, new_password: aPerson().password };
      expect(refusalOf(await app.post('/password/reset').send(body))).toBe('400 invalid_reset_token');
      // The links about sign-ins that have ended.
      expect(refusalOf(await app.post('/lockdown').send({ token: older.link }))).toBe('400 code_replaced');
      expect(refusalOf(await app.post('/lockdown').send({ token: elsewhere.link }))).toMatch(
        /^400 code_(used|replaced)$/,
      );
      expect(await app.store.users.findById(person.id)).toMatchObject({
        passwordHash: null,
        phone: null,
        email,
      });
      const [event] = await app.store.audit.list(
        { subjectId: person.id, type: 'user.locked_down' },
        1,
        undefined,
      );
      expect(event).toMatchObject({ outcome: 'success', details: {} });
    });

    it('leaves the way to another password open, with which the owner is back', async () => {
      const person = await signUp(app);
      await lockDown(app, await signInElsewhere(app, person)).expect(204);
      app.clock.advanceSeconds(1);
      const { password } = aPerson();

      const { token } = await resetFor(app, person.email);
      await app.post('/password/reset').send({ token, new_password: password }).expect(204);

      await app.post('/login').send({ email: person.email, password }).expect(200);
    });

    it('changes nothing of other accounts', async () => {
      const [person, other] = [await signUp(app), await signUp(app)];
      const { key } = await makeKey(app, other.token);
      await lockDown(app, await signInElsewhere(app, person)).expect(204);

      for (const credential of [other.token, key]) await app.get('/verify').auth(credential, as).expect(200);
      await app.post('/login').send({ email: other.email, password: other.password }).expect(200);
    });

    it('changes nothing where it fails, and works again after', async () => {
      const person = await signUp(app);
      const elsewhere = await signInElsewhere(app, person);
      await app.database.sequelize.query('ALTER TABLE ledger RENAME TO ledger_away');
      await lockDown(app, elsewhere).expect(500);
      await app.database.sequelize.query('ALTER TABLE ledger_away RENAME TO ledger');

      await app.get('/verify').auth(elsewhere.token, as).expect(200);
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
      await lockDown(app, elsewhere).expect(204);
    });
  });

  describe('A lock-down of an account that has a phone number alone', () => {
    const app = useApp(kind, ENV);

    it('leaves the number, which is the only way to sign in', async () => {
      const phone = aPhone();
      const { body } = await signInBy(app, await codeFor(app, { phone })).expect(200);

      expect(
        await messagesDuring(app, () => app.post('/me/lockdown').auth(body.access_token, as).expect(204)),
      ).toEqual([]);

      await app.get('/me').auth(body.access_token, as).expect(401);
      app.clock.advanceSeconds(1);
      const again = await signInBy(app, await codeFor(app, { phone })).expect(200);
      expect(again.body.user.id).toBe(body.user.id);
    });
  });

  describe('A lock-down in one process', () => {
    const apps = useTwoApps(kind, () => ENV);

    it('ends sessions and keys in another as soon as that has read the revocations', async () => {
      const person = await signUp(apps.first);
      const { key } = await makeKey(apps.first, person.token);
      for (const credential of [person.token, key])
        await apps.second.get('/verify').auth(credential, as).expect(200);

      await apps.first.post('/me/lockdown').auth(person.token, as).expect(204);

      await apps.second.follower.catchUp();
      for (const credential of [person.token, key])
        await apps.second.get('/verify').auth(credential, as).expect(401);
    });

    it.each<[string, (app: TestApp, token: string) => Test]>([
      ['changes the address', (app, token) => app.post('/me/email').auth(token, as).send(aPersonsEmail())],
      ['adds a number', (app, token) => app.post('/me/phone').auth(token, as).send({ phone: aPhone() })],
      ['removes the number', (app, token) => app.delete('/me/phone').auth(token, as)],
      ['deletes the account, which has no password now', (app, token) => app.delete('/me').auth(token, as)],
      ['makes a key', (app, token) => app.post('/api-keys').auth(token, as).send({ name: 'deploy' })],
    ])('lets no token that another has not heard of yet do what outlives it: %s', async (_what, act) => {
      const person = await signUp(apps.first);
      await apps.second.get('/verify').auth(person.token, as).expect(200);

      await apps.first.post('/me/lockdown').auth(person.token, as).expect(204);

      await apps.second.get('/verify').auth(person.token, as).expect(200);
      const refused = await act(apps.second, person.token);
      expect(refusalOf(refused)).toBe('401 token_revoked');
    });

    it('lets no such token add a number that was waiting for its code', async () => {
      const person = await signUp(apps.first);
      const phone = aPhone();
      const proof = await phoneCodeOf(apps.second, person.token, phone);
      await apps.first.store.transaction((stores) =>
        apps.first.sessions.revokeWithin(stores, { userId: person.id }, 'password_changed'),
      );

      const body = { challenge_id: proof.challengeId, code: proof.code };
      const refused = await apps.second.post('/me/phone/verify').auth(person.token, as).send(body);
      expect(refusalOf(refused)).toBe('401 token_revoked');
      expect(await apps.second.store.users.findById(person.id)).toMatchObject({ phone: null });
    });
  });
});
