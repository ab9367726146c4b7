import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { createAuthenticator, type Saying } from '../../support/authenticator.ts';
import { messagesDuring, refusalOf } from '../../support/codes.ts';
import { onEachDatabase, onOneDatabase } from '../../support/databases.ts';
import {
  aPasskeyOwner,
  creationOptions,
  insertPasskey,
  registerPasskey,
  signInBy,
  tryToRegister,
} from '../../support/passkeys.ts';
import { signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';
import { outcomesOf } from '../../support/winners.ts';

const as = { type: 'bearer' } as const;
const MAX_PASSKEYS = 20;

onOneDatabase((kind) => {
  const app = useApp(kind, { RECENT_SIGN_IN_SECONDS: '600' });

  describe('POST /passkeys/registration', () => {
    it.each<[string, Saying]>([
      ['of a page elsewhere', { origin: 'https://evil.example' }],
      ['of a page in a frame of another site', { crossOrigin: true }],
      ['for another challenge', { challenge: 'A'.repeat(43) }],
      ['for another service', { rpId: 'evil.example' }],
      ['that was made to sign in', { type: 'webauthn.get' }],
      ['that nobody has touched', { userPresent: false }],
      ['that says it is backed up and cannot be', { backupEligible: false, backedUp: true }],
    ])('refuses a passkey %s, and adds none', async (_what, said) => {
      const { id, token } = await signUp(app);

      const answer = await tryToRegister(app, token, createAuthenticator(), said);

      expect(refusalOf(answer)).toBe('400 invalid_passkey');
      expect(await app.store.passkeys.list(id)).toEqual([]);
      expect(await app.store.users.findById(id)).toMatchObject({ secondFactorSince: null });
    });

    it.each([
      ['{}', Buffer.from('{}').toString('base64url')],
      ['no JSON', Buffer.from('x').toString('base64url')],
      ['no object', Buffer.from('null').toString('base64url')],
    ])('refuses client data that is %s', async (_what, clientDataJSON) => {
      const { token } = await signUp(app);
      const { challenge_token, public_key } = await creationOptions(app, token);
      const made = createAuthenticator().create(public_key);
      const credential = { ...made, response: { ...made.response, clientDataJSON } };

      const answer = await app
        .post('/passkeys/registration')
        .auth(token, as)
        .send({ challenge_token, credential });

      expect(refusalOf(answer)).toBe('400 invalid_passkey');
    });

    it.each(['', 'AAAA', Buffer.from('a0', 'hex').toString('base64url')])(
      'refuses the attestation object %j',
      async (attestationObject) => {
        const { token } = await signUp(app);
        const { challenge_token, public_key } = await creationOptions(app, token);
        const made = createAuthenticator().create(public_key);
        const credential = { ...made, response: { ...made.response, attestationObject } };

        const answer = await app
          .post('/passkeys/registration')
          .auth(token, as)
          .send({ challenge_token, credential });

        expect(refusalOf(answer)).toBe('400 invalid_passkey');
      },
    );

    it('refuses a challenge that is used, expired, damaged, of another session or for another purpose', async () => {
      const { email, password, token } = await signUp(app);
      const { body: elsewhere } = await app.post('/login').send({ email, password }).expect(200);
      const send = async (challenge_token: string, credential: object, by = token) =>
        refusalOf(
          await app.post('/passkeys/registration').auth(by, as).send({ challenge_token, credential }),
        );
      const { challenge_token, public_key } = await creationOptions(app, token);
      const credential = createAuthenticator().create(public_key);

      expect(await send(`${challenge_token.slice(0, -8)}AAAAAAAA`, credential)).toBe('400 invalid_challenge');
      expect(await send(challenge_token, credential, elsewhere.access_token)).toBe('400 invalid_challenge');
      const { body: forSignIn } = await app.post('/login/passkey/options').send({}).expect(200);
      expect(await send(forSignIn.challenge_token, credential)).toBe('400 invalid_challenge');
      app.clock.advanceSeconds(299);
      const body = { challenge_token, credential };
      const added = await app.post('/passkeys/registration').auth(token, as).send(body).expect(201);
      const raised = added.body.session.access_token;
      const again = createAuthenticator().create(public_key);
      expect(await send(challenge_token, again, raised)).toBe('400 challenge_used');
      app.clock.advanceSeconds(1);
      expect(await send(challenge_token, credential, raised)).toBe('400 challenge_expired');
    });

    it('takes a recent sign-in, for the options and for the passkey', async () => {
      const { token } = await signUp(app);
      app.clock.advanceSeconds(590);
      const { challenge_token, public_key } = await creationOptions(app, token);
      const credential = createAuthenticator().create(public_key);
      app.clock.advanceSeconds(20);

      for (const request of [
        app.post('/passkeys/registration/options'),
        app.post('/passkeys/registration').send({ challenge_token, credential }),
      ]) {
        expect(refusalOf(await request.auth(token, as))).toBe('401 insufficient_user_authentication');
      }
    });

    it('refuses a name that is empty or too long', async () => {
      const { token } = await signUp(app);

      for (const name of ['', ' ', 'x'.repeat(101)]) {
        const { body } = await tryToRegister(app, token, createAuthenticator(), { name });
        expect(body.errors).toMatchObject([{ pointer: '/name', code: 'invalid_name' }]);
      }
    });
  });
});

onEachDatabase((kind) => {
  const apps = useTwoApps(kind);

  describe('POST /passkeys/registration, where the database decides', () => {
    it('refuses a passkey of another account, which stays with that', async () => {
      const owner = await aPasskeyOwner(apps.first);
      const thief = await signUp(apps.first);
      const { credentialId } = owner.authenticator;

      const told = await messagesDuring(apps.first, async () => {
        const answer = await tryToRegister(apps.first, thief.token, createAuthenticator({ credentialId }));
        expect(refusalOf(answer)).toBe('409 passkey_taken');
      });

      expect(told).toEqual([]);
      expect((await signInBy(apps.first, owner.authenticator)).body.user.id).toBe(owner.id);
      expect(await apps.first.store.users.findById(thief.id)).toMatchObject({ secondFactorSince: null });
    });

    it('registers once what is sent twice at the same time', async () => {
      const { id, token } = await signUp(apps.first);
      const { challenge_token, public_key } = await creationOptions(apps.first, token);
      const credential = createAuthenticator().create(public_key);

      const outcomes = await outcomesOf(4, (index) =>
        (index % 2 ? apps.first : apps.second)
          .post('/passkeys/registration')
          .auth(token, as)
          .send({ challenge_token, credential }),
      );

      expect(outcomes).toEqual({ '201': 1, '400 challenge_used': 3 });
      expect(await apps.first.store.passkeys.list(id)).toHaveLength(1);
    });

    it(`keeps at most ${MAX_PASSKEYS}, also of those that are added at the same time`, async () => {
      const person = await signUp(apps.first);
      const { id } = person;
      const { token } = await registerPasskey(apps.first, person.token);
      for (let there = 0; there < MAX_PASSKEYS - 2; there++) await insertPasskey(apps.first, id);
      const bodies = await Promise.all(
        [1, 2, 3].map(async () => {
          const { challenge_token, public_key } = await creationOptions(apps.first, token);
          return { challenge_token, credential: createAuthenticator().create(public_key) };
        }),
      );

      const outcomes = await outcomesOf(3, (index) =>
        (index % 2 ? apps.first : apps.second)
          .post('/passkeys/registration')
          .auth(token, as)
          .send(bodies[index] ?? {}),
      );

      expect(outcomes).toEqual({ '201': 1, '409 too_many_passkeys': 2 });
      const options = await apps.first.post('/passkeys/registration/options').auth(token, as);
      expect(refusalOf(options)).toBe('409 too_many_passkeys');
      await expect(registerPasskey(apps.first, token)).rejects.toThrow();
    });
  });
});
