import { describe, expect, it } from '@jest/globals';
import { entryOf } from '../../../src/core/audit/audit.ts';
import { presentIdentity } from '../../../src/core/identities/view.ts';
import { ANONYMOUS } from '../../../src/core/principal.ts';
import { anAdmin } from '../../support/admins.ts';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { addTotp } from '../../support/factors.ts';
import { linkProvider } from '../../support/identities.ts';
import { registerPasskey } from '../../support/passkeys.ts';
import { aUsername, signUp } from '../../support/people.ts';

const NOWHERE = { userAgent: null, ip: null, network: 'unknown', requestId: null, clientRequestId: null };

onEachDatabase((kind) => {
  describe('GET /me/export, 200', () => {
    const app = useApp(kind);

    it('answers 200 with the account, its roles, sessions, providers, passkeys, authenticator apps, API keys and activity', async () => {
      const { id, token, email, username, sessionId } = await signUp(app, {
        username: aUsername(),
        name: 'Grace Hopper',
      });
      const { id: keyId } = await makeKey(app, token, { name: 'Nightly backup' });
      const identity = await linkProvider(app, id);
      const { answer, token: raised } = await registerPasskey(app, token);
      const { id: totpId } = await addTotp(app, raised);

      const response = await app.get('/me/export').auth(token, { type: 'bearer' }).expect(200);

      expect(response.headers['content-disposition']).toBe('attachment; filename="latchkey-export.json"');
      expect(response.body).toEqual({
        exported_at: new Date(app.clock.now()).toISOString(),
        user: expect.objectContaining({ id, email, username, name: 'Grace Hopper' }),
        roles: ['user'],
        sessions: [expect.objectContaining({ id: sessionId, current: true })],
        identities: [presentIdentity(identity)],
        passkeys: [answer.body.passkey],
        authenticator_apps: [expect.objectContaining({ id: totpId, name: null })],
        api_keys: [expect.objectContaining({ id: keyId, name: 'Nightly backup' })],
        activity: expect.any(Array),
        next_cursor: null,
      });
      expect(response.body.activity.map(({ type }: { type: string }) => type)).toEqual([
        'session.reauthenticated',
        'factor.added',
        'session.reauthenticated',
        'passkey.added',
        'recovery_codes.made',
        'api_key.created',
        'code.sent',
        'login.succeeded',
        'user.signed_up',
      ]);
    });

    it('answers 200 without a hash or a secret', async () => {
      const { id, token, password } = await signUp(app);
      const { key } = await makeKey(app, token);
      const { tokens } = await linkProvider(app, id);
      const { authenticator, token: raised } = await registerPasskey(app, token);
      const passkey = await app.models.passkeys.findOne({ where: { userId: id } });
      const { id: totpId, secret: totpSecret } = await addTotp(app, raised);
      const totp = await app.models.totpFactors.findByPk(totpId);
      const user = await app.models.users.findByPk(id);
      const stored = await app.models.apiKeys.findOne({ where: { userId: id } });

      const { text } = await app.get('/me/export').auth(token, { type: 'bearer' }).expect(200);

      for (const hidden of [
        ...[password, key, user?.passwordHash, stored?.hash, tokens],
        ...[passkey?.publicKey, authenticator.credentialId],
        ...[totpSecret, totp?.secret],
      ]) {
        expect(text).not.toContain(String(hidden));
      }
    });

    it('answers 200 without the devices of administrators who changed the account', async () => {
      const { id, token } = await signUp(app);
      const admin = await anAdmin(app);
      await app
        .patch(`/admin/users/${id}`)
        .auth(admin.token, { type: 'bearer' })
        .set('User-Agent', 'the browser of an administrator')
        .send({ name: 'Renamed' })
        .expect(200);

      const { body, text } = await app.get('/me/export').auth(token, { type: 'bearer' }).expect(200);

      expect(body.activity[0]).toMatchObject({ type: 'user.updated', ip: null, session_id: null });
      expect(text).not.toContain('the browser of an administrator');
    });

    it('answers 200 with the latest 1,000 events, and the cursor with which GET /me/activity goes on', async () => {
      const { id, token } = await signUp(app);
      const caller = { actor: ANONYMOUS, origin: NOWHERE, sessionId: null };
      const entries = Array.from({ length: 998 }, () =>
        entryOf('login.failed', caller, id, { reason: 'wrong_password' }, 'failure'),
      );
      await app.store.audit.appendMany(entries, new Date(app.clock.now() + 1000));

      const { body } = await app.get('/me/export').auth(token, { type: 'bearer' }).expect(200);

      expect(body.activity).toHaveLength(1_000);
      const rest = await app
        .get('/me/activity')
        .query({ cursor: body.next_cursor })
        .auth(token, { type: 'bearer' })
        .expect(200);
      expect(rest.body.events.map(({ type }: { type: string }) => type)).toEqual(['user.signed_up']);
    });
  });

  describe('GET /me/export, 403', () => {
    const app = useApp(kind);

    it('answers 403 to an API key, which could be anywhere', async () => {
      const { token } = await signUp(app);
      const { key } = await makeKey(app, token);

      const { body } = await app.get('/me/export').auth(key, { type: 'bearer' }).expect(403);

      expect(body.code).toBe('session_required');
    });
  });

  describe('GET /me/export, 401', () => {
    const app = useApp(kind);

    it('answers 401 without a token', async () => {
      await app.get('/me/export').expect(401);
    });

    it('answers 401 with the token of an account that was deleted', async () => {
      const { token, password } = await signUp(app);
      await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);

      await app.get('/me/export').auth(token, { type: 'bearer' }).expect(401);
    });
  });
});
