import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../../support/api-keys.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import {
  aPhone,
  changeOf,
  codeFor,
  markVerified,
  messagesDuring,
  phoneCodeOf,
  type ReadMessage,
  refusalOf,
  resetFor,
  signInBy,
  verifyBy,
} from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;

/** Changes the address of an account, and returns what its former address is told. */
async function changeEmail(app: TestApp, token: string, from: string, to: string): Promise<ReadMessage> {
  await markVerified(app, from);
  const change = await changeOf(app, token, to);
  app.clock.advanceSeconds(1);
  const [told] = await messagesDuring(app, () => verifyBy(app, change).expect(204));
  expect(told).toMatchObject({ to: from, data: { email: to, days: 7 } });
  return told as ReadMessage;
}

function undo(app: TestApp, token: string) {
  return app.post('/email/undo').send({ token });
}

onEachDatabase((kind) => {
  describe('POST /email/undo', () => {
    const app = useApp(kind);
    const emailOf = async (id: string) => (await app.store.users.findById(id))?.email;

    it('gives an account its former address back, tells it, and ends all access', async () => {
      const person = await signUp(app);
      const { key } = await makeKey(app, person.token);
      const told = await changeEmail(app, person.token, person.email, aPerson().email);
      expect(told.link).toBe(`https://auth.example.com/email/undo/${told.token}`);

      const [secured] = await messagesDuring(app, () => undo(app, told.token).expect(204));

      expect(secured).toMatchObject({ to: person.email, data: {} });
      expect(await app.store.users.findById(person.id)).toMatchObject({
        email: person.email,
        emailVerifiedAt: new Date(app.clock.now()),
        passwordHash: null,
      });
      for (const credential of [person.token, key]) await app.get('/verify').auth(credential, as).expect(401);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(401);
      await app.post('/login').send({ email: person.email, password: person.password }).expect(401);
      expect(refusalOf(await undo(app, told.token))).toBe('400 code_used');
    });

    it('is offered to no address that was never verified, which is told all the same', async () => {
      const [person, email] = [await signUp(app), aPerson().email];
      const change = await changeOf(app, person.token, email);

      const [told] = await messagesDuring(app, () => verifyBy(app, change).expect(204));

      expect(told).toMatchObject({ to: person.email, data: { email } });
      expect(told?.text).not.toMatch(/https?:/);
      const waiting = await app.models.challenges.count({
        where: { purpose: 'email_undo', userId: person.id },
      });
      expect(waiting).toBe(0);
    });

    it('does so after a second change as well, whose own link is good for nothing then', async () => {
      const person = await signUp(app);
      const [second, third] = [aPerson().email, aPerson().email];
      const toOwner = await changeEmail(app, person.token, person.email, second);
      const toThief = await changeEmail(app, person.token, second, third);

      await undo(app, toOwner.token).expect(204);

      expect(refusalOf(await undo(app, toThief.token))).toBe('400 code_replaced');
      expect(await emailOf(person.id)).toBe(person.email);
    });

    it('does so where the thief has been faster with the link of a later change', async () => {
      const person = await signUp(app);
      const [second, third] = [aPerson().email, aPerson().email];
      const toOwner = await changeEmail(app, person.token, person.email, second);
      const toThief = await changeEmail(app, person.token, second, third);

      await undo(app, toThief.token).expect(204);
      await undo(app, toOwner.token).expect(204);

      expect(await emailOf(person.id)).toBe(person.email);
    });

    it('ends at the address of the first change where both links are used at once', async () => {
      for (let round = 0; round < 3; round++) {
        const person = await signUp(app);
        const [second, third] = [aPerson().email, aPerson().email];
        const toOwner = await changeEmail(app, person.token, person.email, second);
        const toThief = await changeEmail(app, person.token, second, third);

        const answers = await Promise.all([undo(app, toThief.token), undo(app, toOwner.token)]);

        expect(answers[1]?.status).toBe(204);
        expect([204, 400]).toContain(answers[0]?.status);
        expect(await emailOf(person.id)).toBe(person.email);
      }
    });

    it('gives the address back that another account was made with meanwhile, verified or not', async () => {
      for (const isVerified of [false, true]) {
        const person = await signUp(app);
        const told = await changeEmail(app, person.token, person.email, aPerson().email);
        const other = isVerified
          ? (await signInBy(app, await codeFor(app, { email: person.email })).expect(200)).body.user
          : await signUp(app, { email: person.email });

        await undo(app, told.token).expect(204);

        expect(await emailOf(person.id)).toBe(person.email);
        expect(await app.store.users.findById(other.id)).toMatchObject({
          email: null,
          emailVerifiedAt: null,
        });
        await signInBy(app, await codeFor(app, { email: person.email })).expect(200);
      }
    });

    it('leaves a thief no phone number to sign in with, and no change that waits', async () => {
      const person = await signUp(app);
      const told = await changeEmail(app, person.token, person.email, aPerson().email);
      const phone = aPhone();
      const { challengeId, code } = await phoneCodeOf(app, person.token, phone);
      const proof = { challenge_id: challengeId, code };
      await app.post('/me/phone/verify').auth(person.token, as).send(proof).expect(200);
      const waiting = await changeOf(app, person.token, aPerson().email);

      await undo(app, told.token).expect(204);

      expect(refusalOf(await verifyBy(app, waiting))).toBe('400 code_replaced');
      const { body } = await signInBy(app, await codeFor(app, { phone })).expect(200);
      expect(body.user.id).not.toBe(person.id);
    });

    it('is possible for 7 days', async () => {
      for (const [late, status] of [
        [0, 204],
        [1, 400],
      ] as const) {
        const person = await signUp(app);
        const told = await changeEmail(app, person.token, person.email, aPerson().email);
        app.clock.advanceSeconds(7 * 86_400 - 1 + late);
        const answer = await undo(app, told.token);

        expect(answer.status).toBe(status);
        if (status === 400) expect(answer.body.code).toBe('code_expired');
      }
    });

    it('changes nothing where it fails, and works again after', async () => {
      const person = await signUp(app);
      const other = aPerson().email;
      const told = await changeEmail(app, person.token, person.email, other);
      await app.database.sequelize.query('ALTER TABLE outbox RENAME TO outbox_away');

      await undo(app, told.token).expect(500);

      await app.database.sequelize.query('ALTER TABLE outbox_away RENAME TO outbox');
      expect(await emailOf(person.id)).toBe(other);
      await app.get('/verify').auth(person.token, as).expect(200);
      await undo(app, told.token).expect(204);
    });

    it('is refused for a disabled account, and is possible once that is enabled', async () => {
      const person = await signUp(app);
      const told = await changeEmail(app, person.token, person.email, aPerson().email);
      const at = new Date(app.clock.now());
      await app.store.users.disable(person.id, at);

      expect(refusalOf(await undo(app, told.token))).toBe('400 invalid_link');

      await app.store.users.enable(person.id, at);
      await undo(app, told.token).expect(204);
    });

    it('lets the owner choose another password by mail afterwards', async () => {
      const person = await signUp(app);
      const told = await changeEmail(app, person.token, person.email, aPerson().email);
      await undo(app, told.token).expect(204);
      app.clock.advanceSeconds(1);
      const { password } = aPerson();

      const { token } = await resetFor(app, person.email);
      const [confirmed] = await messagesDuring(app, () =>
        app.post('/password/reset').send({ token, new_password: password }).expect(204),
      );

      await app.post('/login').send({ email: person.email, password }).expect(200);
      expect(confirmed).toMatchObject({ to: person.email, data: { apiKeys: [] } });
    });
  });
});
