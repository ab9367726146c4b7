import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import {
  aPhone,
  changeOf,
  codeFor,
  messagesDuring,
  phoneCodeOf,
  type ReadMessage,
  refusalOf,
  resetFor,
  type Sent,
  signInBy,
  verifyBy,
  wrong,
} from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { failTimes } from '../../support/guessing.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { resetTokenOf } from '../../support/reset-tokens.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe.each(['code', 'link'] as const)('POST /password/reset by the %s of a message', (by) => {
    const app = useApp(kind);
    const reset = ({ challengeId, code, token }: Sent, password: string) =>
      app.post('/password/reset').send({
        ...(by === 'code' ? { challenge_id: challengeId, code } : { token }),
        new_password: password,
      });
    const verified = async () => {
      const person = await signUp(app);
      await app.store.users.verifyEmail(person.id, person.email, new Date(app.clock.now()));
      return person;
    };

    it('changes the password, ends all sessions and devices, and names the API keys and the number in its answer', async () => {
      const person = await verified();
      const { email, password } = person;
      const { key } = await makeKey(app, person.token, { name: 'The nightly export' });
      await makeKey(app, person.token, { name: 'Another <b>' });
      const added = await phoneCodeOf(app, person.token, aPhone());
      const proof = { challenge_id: added.challengeId, code: added.code };
      await app.post('/me/phone/verify').auth(person.token, as).send(proof).expect(200);
      const given = await resetFor(app, email);
      expect(given).toMatchObject({
        to: email,
        link: `https://auth.example.com/password/reset/${given.token}`,
      });
      app.clock.advanceSeconds(1);
      const next = aPerson().password;

      const [told] = await messagesDuring(app, () => reset(given, next).expect(204));

      expect(told).toMatchObject({ to: email });
      expect((told as ReadMessage & { data: { apiKeys: string[] } }).data.apiKeys.toSorted()).toEqual([
        'Another <b>',
        'The nightly export',
      ]);
      expect(told?.data).toMatchObject({ phoneEnding: added.to.slice(-4) });
      expect(told?.text).toContain(`ends in ${added.to.slice(-4)} `);
      await app.get('/verify').auth(person.token, as).expect(401);
      await app.get('/verify').auth(key, as).expect(200);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(401);
      await app.post('/login').send({ email, password }).expect(401);
      const { body } = await app
        .post('/login')
        .send({ email, password: next, device_token: person.deviceToken })
        .expect(200);
      expect(body.device_token.split('.')[0]).not.toBe(person.deviceToken.split('.')[0]);
    });

    it('unlocks a password that was guessed too often', async () => {
      const { email } = await verified();
      await failTimes(app, 7, { email });
      const given = await resetFor(app, email);
      const next = aPerson().password;
      await reset(given, next).expect(204);
      await app.post('/login').send({ email, password: next }).expect(200);
    });

    it('verifies the address, and ends what whoever made the account for it may have added', async () => {
      const thief = await signUp(app);
      const { key } = await makeKey(app, thief.token);
      const phone = aPhone();
      const added = await phoneCodeOf(app, thief.token, phone);
      const proof = { challenge_id: added.challengeId, code: added.code };
      await app.post('/me/phone/verify').auth(thief.token, as).send(proof).expect(200);
      const change = await changeOf(app, thief.token, aPerson().email);
      const given = await resetFor(app, thief.email);

      const [told] = await messagesDuring(app, () => reset(given, aPerson().password).expect(204));

      expect(told?.data).toEqual({ apiKeys: [], phoneEnding: null, providers: [], passkeys: [] });
      const user = await app.store.users.findById(thief.id);
      expect(user).toMatchObject({ phone: null });
      expect(user?.emailVerifiedAt).not.toBeNull();
      await app.get('/verify').auth(key, as).expect(401);
      expect(refusalOf(await verifyBy(app, change))).toBe('400 code_replaced');
    });

    it('gives a password to an account that has none', async () => {
      const { email } = aPerson();
      await signInBy(app, await codeFor(app, { email })).expect(200);
      const next = aPerson().password;
      await reset(await resetFor(app, email), next).expect(204);
      await app.post('/login').send({ email, password: next }).expect(200);
    });

    it('is refused where the account has another address by now', async () => {
      const person = await verified();
      const given = await resetFor(app, person.email);
      await verifyBy(app, await changeOf(app, person.token, aPerson().email)).expect(204);
      const refused = await reset(given, aPerson().password);
      expect(refusalOf(refused)).toBe(by === 'code' ? '400 invalid_code' : '400 invalid_reset_token');
    });

    it('is refused where the password has been changed since', async () => {
      const person = await verified();
      const given = await resetFor(app, person.email);
      app.clock.advanceSeconds(1);
      const change = { current_password: person.password, new_password: aPerson().password };
      await app.post('/me/password').auth(person.token, as).send(change).expect(204);
      const refused = await reset(given, aPerson().password);
      expect(refusalOf(refused)).toBe(by === 'code' ? '400 invalid_code' : '400 invalid_reset_token');
    });

    it('leaves the link of an administrator alone until it is used, and the other way round', async () => {
      const { id, email } = await verified();
      const byAdmin = (token: string) =>
        app.post('/password/reset').send({ token, new_password: aPerson().password });
      const older = await resetTokenOf(app, id);
      const given = await resetFor(app, email);
      await reset(given, aPerson().password).expect(204);
      expect(refusalOf(await byAdmin(older))).toBe('400 invalid_reset_token');
      app.clock.advanceSeconds(1);

      const ended = await resetFor(app, email);
      await byAdmin(await resetTokenOf(app, id)).expect(204);
      expect((await reset(ended, aPerson().password)).status).toBe(400);
    });

    it('stays good where the new password is refused', async () => {
      const { email } = await verified();
      const given = await resetFor(app, email);
      for (const password of ['short', 'qwertyuiop', email]) {
        const { body } = await reset(given, password).expect(400);
        expect(body.errors).toMatchObject([{ pointer: '/new_password' }]);
      }
      await reset(given, aPerson().password).expect(204);
    });

    it('is rolled back whole where something fails', async () => {
      const person = await signUp(app);
      const given = await resetFor(app, person.email);
      await app.database.sequelize.query('ALTER TABLE outbox RENAME TO outbox_away');
      await reset(given, aPerson().password).expect(500);
      await app.database.sequelize.query('ALTER TABLE outbox_away RENAME TO outbox');

      await app.get('/verify').auth(person.token, as).expect(200);
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
      expect((await app.store.users.findById(person.id))?.emailVerifiedAt).toBeNull();
      await reset(given, aPerson().password).expect(204);
    });

    it('is no way into a disabled account, which is sent nothing', async () => {
      const person = await verified();
      const given = await resetFor(app, person.email);
      await app.store.users.disable(person.id, new Date(app.clock.now()));
      const asked = await messagesDuring(app, () =>
        app.post('/password/forgot').send({ email: person.email }).expect(202),
      );
      expect(asked).toEqual([]);
      expect((await reset(given, aPerson().password)).status).toBe(400);
    });
  });

  describe('POST /password/reset by a code', () => {
    const app = useApp(kind);

    it('refuses a wrong one without changing anything, whatever the new password is', async () => {
      const person = await signUp(app);
      const { challengeId, code } = await resetFor(app, person.email);
      for (const password of [aPerson().password, 'short']) {
        const body = { challenge_id: challengeId, code: wrong(code), new_password: password };
        expect(refusalOf(await app.post('/password/reset').send(body))).toMatch(
          /^400 (invalid_code|validation_failed)$/,
        );
      }
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
    });
  });

  describe('POST /password/forgot with PASSWORD_RESET_URL', () => {
    const app = useApp(kind, { PASSWORD_RESET_URL: 'https://app.example.com/reset#token={token}' });

    it('links to that page', async () => {
      const { email } = await signUp(app);
      const given = await resetFor(app, email);
      expect(given.link).toBe(`https://app.example.com/reset#token=${given.token}`);
      await app
        .post('/password/reset')
        .send({ token: given.token, new_password: aPerson().password })
        .expect(204);
    });
  });
});
