import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { AAGUID, createAuthenticator } from '../../support/authenticator.ts';
import { messagesDuring } from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { creationOptions, registerPasskey, signInBy } from '../../support/passkeys.ts';
import { signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;
const CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36';

onEachDatabase((kind) => {
  const app = useApp(kind);

  describe('POST /passkeys/registration', () => {
    it('adds a passkey with all that is known of it, and says what authenticators are to be told', async () => {
      const { id, email, token } = await signUp(app, { name: 'Grace Hopper' });
      const authenticator = createAuthenticator({ backedUp: false });

      const { answer, passkeyId } = await registerPasskey(app, token, authenticator, ' My phone ');

      const passkey = {
        id: passkeyId,
        name: 'My phone',
        aaguid: AAGUID,
        transports: ['hybrid', 'internal'],
        backup_eligible: true,
        backed_up: false,
        created_at: new Date(app.clock.now()).toISOString(),
        last_used_at: null,
      };
      const userId = Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
      const rpId = 'auth.example.com';
      const signals = {
        all_accepted_credentials: {
          rpId,
          userId,
          allAcceptedCredentialIds: [authenticator.credentialId],
        },
        current_user_details: { rpId, userId, name: email, displayName: 'Grace Hopper' },
      };
      const { recovery_codes: recoveryCodes, session, ...added } = answer.body;
      expect(added).toEqual({ passkey, signals });
      expect(recoveryCodes).toHaveLength(10);
      expect(session).toMatchObject({ acr: '2' });
      expect(answer.headers.location).toBe(`/me/passkeys/${passkeyId}`);
      const list = await app.get('/me/passkeys').auth(token, as).expect(200);
      expect(list.body).toEqual({ passkeys: [passkey], signals });
    });

    it('tells the owner, writes it down, and makes it a second factor from then on', async () => {
      const { id, email, token } = await signUp(app);

      let raised = '';
      const told = await messagesDuring(app, async () => {
        raised = (await registerPasskey(app, token)).token;
      });

      expect(told).toMatchObject([
        { to: email, subject: 'A passkey was added to your account at auth.example.com' },
      ]);
      const first = app.clock.now();
      expect(await app.store.users.findById(id)).toMatchObject({ secondFactorSince: new Date(first) });
      const entries = await app.models.ledger.findAll({ where: { subjectId: id, type: 'passkey.added' } });
      expect(entries).toHaveLength(1);
      app.clock.advanceSeconds(5);
      const second = await registerPasskey(app, raised);
      expect(second.answer.body.recovery_codes).toBeNull();
      expect(await app.store.users.findById(id)).toMatchObject({ secondFactorSince: new Date(first) });
    });
  });
});

describe('POST /passkeys/registration/options', () => {
  const app = useApp('SQLite');

  it('asks for a passkey that the account does not have, by the rules of WebAuthn', async () => {
    const { id, email, token: first } = await signUp(app);
    const { authenticator, token } = await registerPasskey(app, first);

    const { challenge_token, public_key } = await creationOptions(app, token);

    expect(challenge_token).toEqual(expect.any(String));
    expect(public_key).toEqual({
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      timeout: 300_000,
      rp: { id: 'auth.example.com', name: 'auth.example.com' },
      user: {
        id: Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url'),
        name: email,
        displayName: email,
      },
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: [
        { type: 'public-key', id: authenticator.credentialId, transports: ['hybrid', 'internal'] },
      ],
      authenticatorSelection: {
        residentKey: 'preferred',
        requireResidentKey: false,
        userVerification: 'preferred',
      },
      attestation: 'none',
      extensions: { credProps: true },
    });
  });

  it('calls a passkey by the browser that it was made in, unless its owner does', async () => {
    const { token } = await signUp(app);
    const { challenge_token, public_key } = await creationOptions(app, token);
    const credential = createAuthenticator().create(public_key);

    const { body } = await app
      .post('/passkeys/registration')
      .auth(token, as)
      .set('User-Agent', CHROME)
      .send({ challenge_token, credential })
      .expect(201);

    expect(body.passkey.name).toBe('Chrome on macOS');
  });

  it('looks at no attestation that comes uninvited', async () => {
    const { id, token } = await signUp(app);
    const authenticator = createAuthenticator({ attestation: 'packed' });

    await registerPasskey(app, token, authenticator);

    expect((await signInBy(app, authenticator)).body.user.id).toBe(id);
  });
});
