import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { createAuthenticator, type Saying } from '../../support/authenticator.ts';
import { markVerified, messagesDuring, refusalOf } from '../../support/codes.ts';
import { onEachDatabase, onOneDatabase } from '../../support/databases.ts';
import {
  anAssertion,
  anAssertionInBrowser,
  aPasskeyOwner,
  creationOptions,
  registerPasskey,
  requestOptions,
  signInBy,
} from '../../support/passkeys.ts';
import { aPerson } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';
import { outcomesOf } from '../../support/winners.ts';

const as = { type: 'bearer' } as const;

onOneDatabase((kind) => {
  const app = useApp(kind);

  describe('POST /login/passkey', () => {
    it.each<[string, Saying]>([
      ['of a page elsewhere', { origin: 'https://evil.example' }],
      ['of a page whose origin begins alike', { origin: 'https://auth.example.com.evil.example' }],
      ['of a page in a frame of another site', { crossOrigin: true }],
      ['for another challenge', { challenge: 'A'.repeat(43) }],
      ['for another service', { rpId: 'evil.example' }],
      ['that was made to register', { type: 'webauthn.create' }],
      ['that nobody has touched', { userPresent: false }],
      ['that names another user', { userHandle: 'AaH3OWkjckiI_BkmDgfuxA' }],
      ['that can no longer be backed up', { backupEligible: false, backedUp: false }],
      ['that says it is backed up and cannot be', { backupEligible: false, backedUp: true }],
    ])('refuses an assertion %s, and begins no session', async (_what, said) => {
      const { id, authenticator } = await aPasskeyOwner(app);

      const answer = await signInBy(app, authenticator, said);

      expect(refusalOf(answer)).toBe('400 invalid_passkey');
      expect(await app.models.sessions.count({ where: { userId: id } })).toBe(1);
    });

    it('refuses by cookie what another browser has asked for, or what was asked for without one', async () => {
      const { authenticator } = await aPasskeyOwner(app);
      const send = async (body: object, cookie: string) =>
        refusalOf(await app.post('/login/passkey').set('Cookie', cookie).send(body));
      const [one, other] = [
        await anAssertionInBrowser(app, authenticator),
        await anAssertionInBrowser(app, authenticator),
      ];
      const withoutName = { ...(await anAssertion(app, authenticator)), transport: 'cookie' };

      expect(one.attributes).toMatch(
        /^latchkey-browser=[\w-]{22}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      expect(await send(one.body, '')).toBe('400 invalid_challenge');
      expect(await send(one.body, other.cookie)).toBe('400 invalid_challenge');
      expect(await send({ ...one.body, transport: 'token' }, one.cookie)).toBe('400 invalid_challenge');
      expect(await send(withoutName, one.cookie)).toBe('400 invalid_challenge');
      expect(await send(withoutName, '')).toBe('400 invalid_challenge');
    });

    it('takes what any tab of the browser has asked for', async () => {
      const { authenticator } = await aPasskeyOwner(app);
      const first = await anAssertionInBrowser(app, authenticator);
      const second = await anAssertionInBrowser(app, authenticator, first.cookie);

      expect(second.cookie).toBe(first.cookie);
      await app.post('/login/passkey').set('Cookie', second.cookie).send(first.body).expect(200);
    });

    it('refuses what another key has signed', async () => {
      const { authenticator } = await aPasskeyOwner(app);
      const other = createAuthenticator();
      other.create({ challenge: '', rp: { id: '' }, user: { id: '' } });
      const { credentialId } = authenticator;

      expect(refusalOf(await signInBy(app, other, { credentialId, userHandle: null }))).toBe(
        '400 invalid_passkey',
      );
    });

    it('refuses a passkey of another account than the options were for', async () => {
      const [owner, other] = [await aPasskeyOwner(app), await aPasskeyOwner(app)];

      expect(refusalOf(await signInBy(app, other.authenticator, { email: owner.email }))).toBe(
        '400 invalid_passkey',
      );
    });

    it('refuses a challenge that is used, expired, damaged or for another purpose', async () => {
      const { token, authenticator } = await aPasskeyOwner(app);
      const send = async (body: object) => refusalOf(await app.post('/login/passkey').send(body));
      const assertion = await anAssertion(app, authenticator);
      const { challenge_token } = assertion;

      const damaged = { ...assertion, challenge_token: `${challenge_token.slice(0, -8)}AAAAAAAA` };
      expect(await send(damaged)).toBe('400 invalid_challenge');
      const forRegistration = await creationOptions(app, token);
      const other = { ...assertion, challenge_token: forRegistration.challenge_token };
      expect(await send(other)).toBe('400 invalid_challenge');
      app.clock.advanceSeconds(299);
      await app.post('/login/passkey').send(assertion).expect(200);
      expect(await send(assertion)).toBe('400 challenge_used');
      app.clock.advanceSeconds(1);
      expect(await send(assertion)).toBe('400 challenge_expired');
    });

    it('says of a passkey that was removed which one the page can have forgotten', async () => {
      const { token, passkeyId, authenticator } = await aPasskeyOwner(app);
      await app.delete(`/me/passkeys/${passkeyId}`).auth(token, as).expect(200);

      const answer = await signInBy(app, authenticator);

      expect(refusalOf(answer)).toBe('404 passkey_unknown');
      expect(answer.body).toMatchObject({
        rp_id: 'auth.example.com',
        credential_id: authenticator.credentialId,
      });
    });

    it('opens no disabled account', async () => {
      const { id, authenticator } = await aPasskeyOwner(app);
      await app.store.users.disable(id, new Date(app.clock.now()));

      expect(refusalOf(await signInBy(app, authenticator))).toBe('403 account_disabled');
    });

    it('reads no field that is not base64url', async () => {
      const { authenticator } = await aPasskeyOwner(app);
      const { challenge_token, credential } = await anAssertion(app, authenticator);
      const response = { ...credential.response, signature: 'not base64url!' };

      const { body } = await app
        .post('/login/passkey')
        .send({ challenge_token, credential: { ...credential, response } })
        .expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/credential/response/signature', code: 'invalid' }]);
    });
  });

  describe('POST /login/passkey where addresses have to be verified', () => {
    const strict = useApp(kind, { REQUIRE_VERIFIED_EMAIL: 'true' });

    it('opens no account whose address is not', async () => {
      const person = aPerson();
      await strict.post('/signup').send(person).expect(202);
      await markVerified(strict, person.email);
      const { body } = await strict.post('/login').send(person).expect(200);
      const { authenticator } = await registerPasskey(strict, body.access_token);
      expect((await signInBy(strict, authenticator)).status).toBe(200);
      await strict.models.users.update({ emailVerifiedAt: null }, { where: { id: body.user.id } });

      expect(refusalOf(await signInBy(strict, authenticator))).toBe('403 email_not_verified');
    });
  });

  describe('A counter that goes back', () => {
    it('refuses the passkey, tells its owner and writes it down, once for each assertion', async () => {
      const { id, email, passkeyId, authenticator } = await aPasskeyOwner(app, { counts: true });
      expect((await signInBy(app, authenticator, { counter: 10 })).status).toBe(200);
      const copy = await anAssertion(app, authenticator, { counter: 10 });

      const told = await messagesDuring(app, async () => {
        const answer = await app.post('/login/passkey').send(copy);
        expect(refusalOf(answer)).toBe('403 passkey_copied');
        expect(refusalOf(await app.post('/login/passkey').send(copy))).toBe('400 challenge_used');
      });

      expect(told).toMatchObject([
        { to: email, subject: 'A passkey of your account at auth.example.com was refused' },
      ]);
      const entries = await app.models.ledger.findAll({ where: { subjectId: id, type: 'passkey.refused' } });
      expect(entries).toHaveLength(1);
      expect(entries[0]).toMatchObject({ outcome: 'failure' });
      const line = app.logs.lines.find((text) => text.includes('"event":"passkey_copied"'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ user_id: id });
      expect(refusalOf(await signInBy(app, authenticator, { counter: 0 }))).toBe('403 passkey_copied');
      expect((await signInBy(app, authenticator, { counter: 11 })).status).toBe(200);
      expect(await app.models.passkeys.findByPk(passkeyId)).toMatchObject({ counter: 11 });
    });

    it('is told of no one who has not signed with the passkey', async () => {
      const { authenticator } = await aPasskeyOwner(app, { counts: true });
      expect((await signInBy(app, authenticator, { counter: 10 })).status).toBe(200);
      const other = createAuthenticator();
      other.create({ challenge: '', rp: { id: '' }, user: { id: '' } });
      const { credentialId } = authenticator;

      const told = await messagesDuring(app, async () => {
        const answer = await signInBy(app, other, { credentialId, counter: 1, userHandle: null });
        expect(refusalOf(answer)).toBe('400 invalid_passkey');
      });

      expect(told).toEqual([]);
    });
  });
});

onEachDatabase((kind) => {
  const apps = useTwoApps(kind);
  const appAt = (index: number) => (index % 2 ? apps.first : apps.second);

  describe('In two services on one database', () => {
    it('one of many equal assertions signs in, of a passkey that does not count', async () => {
      const { id, authenticator } = await aPasskeyOwner(apps.first);
      const assertion = await anAssertion(apps.first, authenticator);

      const outcomes = await outcomesOf(8, (index) => appAt(index).post('/login/passkey').send(assertion));

      expect(outcomes).toEqual({ '200': 1, '400 challenge_used': 7 });
      expect(await apps.first.models.sessions.count({ where: { userId: id } })).toBe(2);
    });

    it('one of two assertions with the same counter signs in', async () => {
      const { id, authenticator } = await aPasskeyOwner(apps.first, { counts: true });
      const both = [
        await anAssertion(apps.first, authenticator, { counter: 5 }),
        await anAssertion(apps.first, authenticator, { counter: 5 }),
      ];

      const outcomes = await outcomesOf(2, (index) =>
        appAt(index)
          .post('/login/passkey')
          .send(both[index] ?? {}),
      );

      expect(outcomes).toEqual({ '200': 1, '403 passkey_copied': 1 });
      expect(await apps.first.models.sessions.count({ where: { userId: id } })).toBe(2);
    });

    it('a challenge of one is good at the other', async () => {
      const { id, authenticator } = await aPasskeyOwner(apps.first);
      const { challenge_token, public_key } = await requestOptions(apps.second);

      const { body } = await apps.first
        .post('/login/passkey')
        .send({ challenge_token, credential: authenticator.get(public_key) })
        .expect(200);

      expect(body.user.id).toBe(id);
    });
  });
});
