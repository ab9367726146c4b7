import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { useApp } from '../../support/app.ts';
import { lockdownTokenOf, messagesDuring, refusalOf, resetFor } from '../../support/codes.ts';
import { onEachDatabase, onOneDatabase } from '../../support/databases.ts';
import { aPasskeyOwner, insertPasskey, registerPasskey, signInBy } from '../../support/passkeys.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';
import { outcomesOf } from '../../support/winners.ts';

const as = { type: 'bearer' } as const;

onOneDatabase((kind) => {
  const app = useApp(kind);
  const eventsOf = async (subjectId: string) => {
    const rows = await app.models.ledger.findAll({ where: { subjectId }, order: [['id', 'ASC']] });
    return rows.map(({ type }) => type).filter((type) => type.startsWith('passkey.'));
  };

  describe('PATCH /me/passkeys/{id}', () => {
    it('renames a passkey, whenever the sign-in was', async () => {
      const { id, token, passkeyId } = await aPasskeyOwner(app);
      app.clock.advanceSeconds(600);

      const { body } = await app
        .patch(`/me/passkeys/${passkeyId}`)
        .auth(token, as)
        .send({ name: 'The key in the drawer' })
        .expect(200);

      expect(body.passkey).toMatchObject({ id: passkeyId, name: 'The key in the drawer' });
      const list = await app.get('/me/passkeys').auth(token, as).expect(200);
      expect(list.body).toEqual({ passkeys: [body.passkey], signals: body.signals });
      expect(await eventsOf(id)).toEqual(['passkey.added', 'passkey.renamed']);
    });
  });

  describe('DELETE /me/passkeys/{id}', () => {
    it('removes a passkey, and says which are left for authenticators to keep', async () => {
      const { id, token, passkeyId, authenticator } = await aPasskeyOwner(app);
      const kept = await registerPasskey(app, token);

      const { body } = await app.delete(`/me/passkeys/${passkeyId}`).auth(token, as).expect(200);

      expect(body.signals.all_accepted_credentials.allAcceptedCredentialIds).toEqual([
        kept.authenticator.credentialId,
      ]);
      expect(refusalOf(await signInBy(app, authenticator))).toBe('404 passkey_unknown');
      expect((await signInBy(app, kept.authenticator)).status).toBe(200);
      expect(await eventsOf(id)).toEqual(['passkey.added', 'passkey.added', 'passkey.removed']);
    });

    it('ends the second factor with the last one, unless there is an authenticator app', async () => {
      const { id, token, passkeyId } = await aPasskeyOwner(app);
      const second = await registerPasskey(app, token);
      const since = async () => (await app.store.users.findById(id))?.secondFactorSince;
      const remove = (one: string) => app.delete(`/me/passkeys/${one}`).auth(token, as).expect(200);

      await remove(passkeyId);
      expect(await since()).toEqual(expect.any(Date));
      await remove(second.passkeyId);
      expect(await since()).toBeNull();

      const third = await registerPasskey(app, token);
      const at = new Date(app.clock.now()).toISOString().replace('T', ' ').replace('Z', '');
      await app.database.sequelize.query(
        `INSERT INTO totp_factors (id, user_id, secret, confirmed_at, created_at)
          VALUES ('${uuidv7()}', '${id}', 'sealed', '${at}', '${at}')`,
      );
      await remove(third.passkeyId);
      expect(await since()).toEqual(expect.any(Date));
    });

    it('takes a recent sign-in', async () => {
      const { token, passkeyId, refreshToken } = await aPasskeyOwner(app);
      app.clock.advanceSeconds(901);
      const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);

      const answer = await app.delete(`/me/passkeys/${passkeyId}`).auth(body.access_token, as);

      expect(refusalOf(answer)).toBe('401 insufficient_user_authentication');
      expect(token).not.toBe(body.access_token);
    });

    it('leaves the last way in', async () => {
      const { id, token, passkeyId } = await aPasskeyOwner(app);
      await app.models.users.update(
        { passwordHash: null, email: null, emailCanonical: null },
        { where: { id } },
      );

      const answer = await app.delete(`/me/passkeys/${passkeyId}`).auth(token, as);

      expect(refusalOf(answer)).toBe('409 last_sign_in_method');
      expect(await app.store.passkeys.list(id)).toHaveLength(1);
    });
  });

  it.each(['patch', 'delete'] as const)('%s finds no passkey of another user', async (method) => {
    const [{ passkeyId }, { token }] = [await aPasskeyOwner(app), await signUp(app)];
    const request = app[method](`/me/passkeys/${passkeyId}`).auth(token, as);

    const answer = await (method === 'patch' ? request.send({ name: 'Mine' }) : request);

    expect(refusalOf(answer)).toBe('404 passkey_not_found');
  });

  describe('The last way in', () => {
    it('may be a passkey, where a phone number is removed', async () => {
      const { id, token } = await aPasskeyOwner(app);
      await app.models.users.update(
        { passwordHash: null, email: null, emailCanonical: null, phone: '+4915112345678' },
        { where: { id } },
      );

      await app.delete('/me/phone').auth(token, as).expect(204);
    });
  });

  describe('A password that is reset', () => {
    it('leaves passkeys, and the mail about it names them', async () => {
      const { email, id } = await aPasskeyOwner(app);
      await app.store.users.verifyEmail(id, email, new Date(app.clock.now()));
      await app.models.passkeys.update({ name: 'The key in the drawer' }, { where: { userId: id } });
      const { token } = await resetFor(app, email);

      const [told] = await messagesDuring(app, () =>
        app.post('/password/reset').send({ token, new_password: aPerson().password }).expect(204),
      );

      expect(JSON.stringify(told)).toContain('The key in the drawer');
      expect(await app.store.passkeys.list(id)).toHaveLength(1);
    });

    it('removes them where the address is proved for the first time: an attacker may have made the account', async () => {
      const { email, id, authenticator } = await aPasskeyOwner(app);
      const { token } = await resetFor(app, email);

      await app.post('/password/reset').send({ token, new_password: aPerson().password }).expect(204);

      expect(refusalOf(await signInBy(app, authenticator))).toBe('404 passkey_unknown');
      expect(await app.store.users.findById(id)).toMatchObject({ secondFactorSince: null });
    });
  });

  describe('An account that is locked down', () => {
    it('loses its passkeys, which a thief may have added, and with them the second factor', async () => {
      const { id, authenticator } = await aPasskeyOwner(app);
      const token = await lockdownTokenOf(app, id);

      await app.post('/lockdown').send({ token }).expect(204);

      expect(refusalOf(await signInBy(app, authenticator))).toBe('404 passkey_unknown');
      expect(await app.store.users.findById(id)).toMatchObject({ secondFactorSince: null });
    });

    it('keeps them without an address to sign in with', async () => {
      const { id, authenticator } = await aPasskeyOwner(app);
      await app.models.users.update({ email: null, emailCanonical: null }, { where: { id } });
      const token = await lockdownTokenOf(app, id);

      await app.post('/lockdown').send({ token }).expect(204);

      expect((await signInBy(app, authenticator)).status).toBe(200);
      expect(await app.store.users.findById(id)).toMatchObject({ secondFactorSince: expect.any(Date) });
    });
  });
});

onEachDatabase((kind) => {
  const apps = useTwoApps(kind);

  it('keeps one of two last passkeys that are removed at the same time', async () => {
    const { id, token, passkeyId } = await aPasskeyOwner(apps.first);
    const other = await insertPasskey(apps.first, id);
    await apps.first.models.users.update(
      { passwordHash: null, email: null, emailCanonical: null },
      { where: { id } },
    );

    const outcomes = await outcomesOf(2, (index) =>
      (index ? apps.first : apps.second).delete(`/me/passkeys/${index ? passkeyId : other}`).auth(token, as),
    );

    expect(outcomes).toEqual({ '200': 1, '409 last_sign_in_method': 1 });
    expect(await apps.first.store.passkeys.count(id)).toBe(1);
  });

  it('deletes an account with its passkeys', async () => {
    const { id, token, password, authenticator } = await aPasskeyOwner(apps.first);

    await apps.first.delete('/me').auth(token, as).send({ password }).expect(204);

    expect(await apps.first.store.passkeys.list(id)).toEqual([]);
    expect(refusalOf(await signInBy(apps.first, authenticator))).toBe('404 passkey_unknown');
  });
});
