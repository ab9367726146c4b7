import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { claimsIn } from '../../support/claims.ts';
import { messagesDuring } from '../../support/codes.ts';
import { PAGE } from '../../support/cookies.ts';
import { onOneDatabase } from '../../support/databases.ts';
import {
  anAssertion,
  anAssertionInBrowser,
  aPasskeyOwner,
  registerPasskey,
  signInBy,
} from '../../support/passkeys.ts';
import { signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;

onOneDatabase((kind) => {
  const app = useApp(kind, { CORS_ORIGINS: PAGE, NEW_DEVICE_MAIL: 'true' });

  describe('POST /login/passkey', () => {
    it('signs in without a name, and is the passkey that the account shows as used', async () => {
      const { id, token, authenticator } = await aPasskeyOwner(app);
      app.clock.advanceSeconds(60);

      const { status, body } = await signInBy(app, authenticator);

      expect(status).toBe(200);
      expect(body.user.id).toBe(id);
      const { body: list } = await app.get('/me/passkeys').auth(body.access_token, as).expect(200);
      expect(list.passkeys[0].last_used_at).toBe(new Date(app.clock.now()).toISOString());
      const sessions = await app.get('/sessions').auth(token, as).expect(200);
      expect(sessions.body.sessions.map(({ method }: { method: string }) => method).sort()).toEqual([
        'passkey',
        'password',
      ]);
      const entry = await app.models.ledger.findOne({
        where: { type: 'login.succeeded', subjectId: id },
        order: [['id', 'DESC']],
      });
      expect(JSON.parse(String(entry?.details))).toMatchObject({ method: 'passkey' });
    });

    it.each([
      ['a passkey that is copied between devices', true, ['swk', 'user', 'mfa']],
      ['a key in hardware', false, ['hwk', 'user', 'mfa']],
    ])('says of %s what it has proved', async (_what, backupEligible, amr) => {
      const { authenticator } = await aPasskeyOwner(app, { backupEligible, backedUp: backupEligible });

      const { body } = await signInBy(app, authenticator);

      expect(claimsIn(body.access_token)).toMatchObject({ amr });
    });

    it('counts a key that has checked nobody as one factor, and asks for another', async () => {
      const { authenticator, answer } = await aPasskeyOwner(app, { userVerified: false });

      const { status, body } = await signInBy(app, authenticator);

      expect({ status, ...body }).toMatchObject({
        code: 'second_factor_required',
        methods: ['recovery_code'],
      });
      const [code] = answer.body.recovery_codes;
      const second = { challenge_token: body.challenge_token, method: 'recovery_code', code };
      const session = await app.post('/login/factor').send(second).expect(200);
      expect(claimsIn(session.body.access_token).amr).toEqual(['swk', 'user', 'otp', 'mfa']);
    });

    it('sets a cookie for a page that asks for one, and for no page elsewhere', async () => {
      const { id, authenticator } = await aPasskeyOwner(app);
      const send = async (Origin: string) => {
        const { body, cookie } = await anAssertionInBrowser(app, authenticator);
        return app.post('/login/passkey').set({ Origin, Cookie: cookie }).send(body);
      };

      const elsewhere = await send('https://evil.example');
      const here = await send(PAGE);

      expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'origin_not_allowed']);
      expect([here.status, here.body.user.id]).toEqual([200, id]);
      expect(here.get('Set-Cookie')?.join()).toMatch(/^latchkey=/);
    });

    it('tells of a device that the account has not seen, and not of one that it knows', async () => {
      const { email, authenticator } = await aPasskeyOwner(app);
      const deviceToken = (await signInBy(app, authenticator)).body.device_token;
      const assertion = await anAssertion(app, authenticator);
      const known = { ...assertion, device_token: deviceToken };

      const onKnown = await messagesDuring(app, () => app.post('/login/passkey').send(known).expect(200));
      const onNew = await messagesDuring(app, () => signInBy(app, authenticator));

      expect(onKnown).toEqual([]);
      expect(onNew).toMatchObject([
        { to: email, subject: 'New sign-in to your account at auth.example.com' },
      ]);
    });

    it('takes a counter that moves on, and keeps whether the passkey is backed up', async () => {
      const { passkeyId, authenticator } = await aPasskeyOwner(app, { counts: true, backedUp: false });
      const row = () => app.models.passkeys.findOne({ where: { id: passkeyId }, raw: true });

      expect((await signInBy(app, authenticator)).status).toBe(200);
      expect(await row()).toMatchObject({ counter: 1, isBackedUp: 0 });
      expect((await signInBy(app, authenticator, { backedUp: true })).status).toBe(200);

      expect(await row()).toMatchObject({ counter: 2, isBackedUp: 1 });
    });

    it('signs in to an account that has neither a password nor anything else', async () => {
      const { id, token } = await signUp(app);
      const { authenticator } = await registerPasskey(app, token, createAuthenticator());
      await app.models.users.update(
        { passwordHash: null, email: null, emailCanonical: null },
        { where: { id } },
      );

      const { body } = await signInBy(app, authenticator);

      expect(body.user).toMatchObject({ id, email: null });
    });

    it('takes the passkey that options for an address name, also from a key that does not know its user', async () => {
      const { id, email, authenticator } = await aPasskeyOwner(app);

      const { body } = await signInBy(app, authenticator, { email, userHandle: null });

      expect(body.user.id).toBe(id);
    });

    it('takes a page of this host outside production', async () => {
      const { authenticator } = await aPasskeyOwner(app);

      expect((await signInBy(app, authenticator, { origin: 'http://localhost:5173' })).status).toBe(200);
    });
  });
});
