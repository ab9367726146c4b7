import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { useApp } from '../support/app.ts';
import { messageTo } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { aVisitor, browserOf, useSocial } from '../support/social-accounts.ts';
import { parametersOf } from '../support/social-browser.ts';

onEachDatabase((kind) => {
  describe('An account that is deleted while a code or a link is made for it', () => {
    const app = useApp(kind);

    it('leaves a challenge and a message without a user', async () => {
      const [at, userId] = [new Date(app.clock.now()), uuidv7()];
      const common = { userId, createdAt: at, expiresAt: new Date(at.getTime() + 60_000) };
      const [challengeId, messageId] = [randomUUID(), randomUUID()];

      await app.store.transaction(async ({ challenges, outbox }) => {
        await challenges.replace({
          ...{
            id: challengeId,
            purpose: 'sign_in_code',
            latestOf: `sign_in_code ${userId}`,
            address: 'a@example.com',
          },
          ...{ codeMac: null, linkHash: null, details: null, tries: 0, usedAt: null, ...common },
        });
        await outbox.add({
          ...{
            id: messageId,
            channel: 'email',
            template: 'sign-in-code',
            content: '',
            attempts: 0,
            dueAt: null,
          },
          ...common,
        });
      });

      expect(await app.models.challenges.findByPk(challengeId)).toMatchObject({ userId: null });
      expect(await app.models.outbox.findByPk(messageId)).toMatchObject({ userId: null });
      await app.models.outbox.destroy({ where: { id: messageId } });
    });

    it('has no identity linked to it: the sign-in is told to look again', async () => {
      const at = new Date(app.clock.now());
      const key = { provider: 'google', issuer: 'https://accounts.google.com', subject: '1' };
      const identity = { ...key, id: uuidv7(), userId: uuidv7(), email: null, tokens: null };

      const linking = app.store.transaction(({ identities }) =>
        identities.insert({ ...identity, createdAt: at, lastUsedAt: at }),
      );

      await expect(linking).rejects.toMatchObject({ code: 'identity_taken' });
      expect(await app.store.identities.findByKey(key)).toBeNull();
    });

    it('gets the answer that every address gets, and a link that resets no password', async () => {
      const { id, email } = await signUp(app);
      const { users } = app.core.store;
      const { findByEmail } = users;
      Object.assign(users, {
        async findByEmail(canonical: string) {
          const user = await findByEmail(canonical);
          await app.models.users.destroy({ where: { id } });
          return user;
        },
      });

      const { body } = await app.post('/password/forgot').send({ email }).expect(202);
      Object.assign(users, { findByEmail });

      expect(body.challenge_id).toEqual(expect.any(String));
      const { token } = await messageTo(app, email);
      const reset = { token, new_password: 'canary of a better horse' };
      expect((await app.post('/password/reset').send(reset).expect(400)).body.code).toBe(
        'invalid_reset_token',
      );
    });
  });

  describe('An account that is deleted while a provider is linked to it', () => {
    const social = useSocial(kind);

    it('makes a new attempt of the sign-in, which no longer finds it', async () => {
      const at = new Date(social.clock.now());
      const dates = { createdAt: at, lastUsedAt: at };
      const ids = { id: uuidv7(), userId: uuidv7(), provider: 'google', issuer: 'https://i.example.com' };
      const identity = { ...ids, subject: '1', email: null, tokens: null, ...dates };

      await expect(social.app.store.identities.insert(identity)).rejects.toMatchObject({
        code: 'identity_taken',
      });
    });

    // SQLite writes for one at a time.
    if (kind === 'MySQL')
      it('is made anew for the person who has verified its address', async () => {
        const visitor = aVisitor();
        const { email = '' } = visitor;
        const { id } = await signUp(social.app, { email });
        await social.app.store.users.verifyEmail(id, email, new Date(social.clock.now()));
        const { store } = social.app.core;
        const { transaction } = store;
        Object.assign(store, {
          transaction: (work: Parameters<typeof transaction>[0]) =>
            transaction((stores) => {
              const findByEmail = async (canonical: string) => {
                const user = await stores.users.findByEmail(canonical);
                await social.app.models.users.destroy({ where: { id } });
                return user;
              };
              return work({ ...stores, users: { ...stores.users, findByEmail } });
            }),
        });

        const page = await browserOf(social, visitor).signIn('google');
        Object.assign(store, { transaction });

        expect(parametersOf(page)).toEqual({ code: expect.any(String) });
        expect((await social.app.store.users.findByEmail(email))?.id).not.toBe(id);
      });
  });
});
