import { describe, expect, it } from '@jest/globals';
import { anAdmin, OPERATOR, userAdminOf } from '../support/admins.ts';
import { makeKey, queriesOf, setRoles } from '../support/api-keys.ts';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('An API key in place of an access token', () => {
    const app = useApp(kind);

    const verify = (key: string) => app.get('/verify').auth(key, { type: 'bearer' });

    async function signUpWithKey(wish: object = {}) {
      const person = await signUp(app);
      return { ...person, ...(await makeKey(app, person.token, wish)), userId: person.id };
    }

    async function refusalOf(key: string): Promise<string> {
      const { body, headers } = await verify(key).expect(401);
      expect(headers['www-authenticate']).toContain('error="invalid_token"');
      expect(JSON.stringify(body)).not.toContain(key);
      return body.code;
    }

    it('gets the claims of its owner, with itself where a session would be', async () => {
      const { userId, id, key } = await signUpWithKey();
      const now = Math.floor(app.clock.now() / 1000);

      const { body, headers } = await verify(key).expect(200);

      expect(body).toEqual({
        iss: PUBLIC_URL,
        aud: 'latchkey',
        sub: userId,
        api_key_id: id,
        iat: now,
        exp: now + 30,
        jti: id,
        roles: ['user'],
        scope: '',
        rv: [0, expect.any(Number)],
      });
      expect(headers).toMatchObject({
        'x-auth-subject': userId,
        'x-auth-session': '',
        'x-auth-roles': 'user',
        'x-auth-scope': '',
      });
    });

    it('does what its owner may do with their account', async () => {
      const { key, email } = await signUpWithKey();

      const { body } = await app.get('/me').auth(key, { type: 'bearer' }).expect(200);
      expect(body.user.email).toBe(email);
      await app.patch('/me').auth(key, { type: 'bearer' }).send({ name: 'By key' }).expect(200);
      await app.get('/sessions').auth(key, { type: 'bearer' }).expect(200);
      await app.get('/me/activity').auth(key, { type: 'bearer' }).expect(200);
    });

    it('stands in the audit log by its own id', async () => {
      const { userId, id, key } = await signUpWithKey();

      await app.patch('/me').auth(key, { type: 'bearer' }).send({ name: 'By key' }).expect(200);

      const [event] = await app.store.audit.list({ subjectId: userId }, 1, undefined);
      expect(event).toMatchObject({ type: 'user.updated', actor: { type: 'api_key', id }, sessionId: null });
    });

    it('is no session, so it cannot log out', async () => {
      const { key } = await signUpWithKey();

      for (const scope of ['local', 'others', 'global']) {
        const { body } = await app.post(`/logout?scope=${scope}`).auth(key, { type: 'bearer' }).expect(403);
        expect(body.code).toBe('session_required');
      }
      await verify(key).expect(200);
    });

    it('goes on after all sessions of its owner have ended', async () => {
      const { key, token } = await signUpWithKey();

      await app.post('/logout?scope=global').auth(token, { type: 'bearer' }).expect(204);

      app.clock.advanceSeconds(60);
      await verify(key).expect(200);
    });

    it('is refused without a query where it is mistyped, whatever is wrong with it', async () => {
      const { key } = await signUpWithKey();
      const last = key.at(-1) === 'A' ? 'B' : 'A';

      const queries = await queriesOf(app, async () => {
        for (const bad of [key.slice(0, -1) + last, key.slice(0, -1), `${key}A`, key.toLowerCase(), 'lk_']) {
          expect(await refusalOf(bad)).toBe('token_invalid');
        }
      });

      expect(queries).toEqual([]);
    });

    it('is refused after one query where it is well-formed and unknown', async () => {
      const { key } = await signUpWithKey();
      await app.models.apiKeys.destroy({ where: {} });

      const queries = await queriesOf(app, async () => {
        expect(await refusalOf(key)).toBe('token_invalid');
      });

      expect(queries).toHaveLength(1);
    });

    it('asks the database once in 30 seconds, however often it is used', async () => {
      const { key } = await signUpWithKey();
      const use = () =>
        queriesOf(app, () => Promise.all(Array.from({ length: 20 }, () => verify(key).expect(200))));

      const first = await use();
      app.clock.advanceSeconds(29.999);
      const second = await use();
      app.clock.advanceSeconds(0.001);
      const third = await use();

      expect([first.length, second.length, third.length]).toEqual([2, 0, 2]);
    });

    it('is good until its expiry and not a moment longer, although it is remembered', async () => {
      const expiresAt = app.clock.now() + 10_000;
      const { key } = await signUpWithKey({ expires_at: new Date(expiresAt).toISOString() });

      const { body } = await verify(key).expect(200);
      expect(body.exp).toBe(Math.floor(expiresAt / 1000));
      app.clock.advanceSeconds(9.999);
      await verify(key).expect(200);
      app.clock.advanceSeconds(0.001);

      expect(await refusalOf(key)).toBe('token_expired');
      app.clock.advanceSeconds(60);
      expect(await refusalOf(key)).toBe('token_expired');
    });

    it('is refused once its owner is disabled, and taken again when they are not any more', async () => {
      const { key, userId } = await signUpWithKey();
      await verify(key).expect(200);

      await userAdminOf(app).disable(userId, OPERATOR);
      expect(await refusalOf(key)).toBe('token_revoked');
      app.clock.advanceSeconds(60);
      expect(await refusalOf(key)).toBe('token_revoked');

      await app.models.users.update({ disabledAt: null }, { where: { id: userId } });
      await verify(key).expect(200);
    });

    it('is refused once its owner has deleted the account', async () => {
      const { key, token, password } = await signUpWithKey();
      await verify(key).expect(200);

      await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);

      expect(await refusalOf(key)).toBe('token_revoked');
      app.clock.advanceSeconds(60);
      // Nothing is left of it then.
      expect(await refusalOf(key)).toBe('token_invalid');
    });

    it('cannot be had by making a token that claims to be one', async () => {
      const { id, key } = await signUpWithKey();
      await verify(key).expect(200);

      for (const claim of [id, `lk_${id}`]) expect(await refusalOf(claim)).toBe('token_invalid');
    });
  });

  describe('What an API key may do', () => {
    const app = useApp(kind);

    async function scopeOf(key: string): Promise<string> {
      const { body, headers } = await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);
      expect(headers['x-auth-scope']).toBe(body.scope);
      return body.scope;
    }

    it('is all that its owner may do, where it has no scope', async () => {
      const { token } = await anAdmin(app);
      const { body } = await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);

      const { key } = await makeKey(app, token);

      expect(await scopeOf(key)).toBe(body.scope);
      expect(body.scope).toContain('audit:read');
      await app.get('/admin/audit').auth(key, { type: 'bearer' }).expect(200);
    });

    it('is what its scope says, where it has one', async () => {
      const { token } = await anAdmin(app);
      const { key } = await makeKey(app, token, { scope: 'users:list roles:list' });

      expect(await scopeOf(key)).toBe('roles:list users:list');
      const { body } = await app.get('/admin/audit').auth(key, { type: 'bearer' }).expect(403);
      expect(body.code).toBe('insufficient_scope');
    });

    it('has no roles where it has a scope, since a role stands for all that it may do', async () => {
      const { token } = await anAdmin(app);
      const { key } = await makeKey(app, token, { scope: 'users:list' });

      const { body, headers } = await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);

      expect(body).toMatchObject({ roles: [], rv: [expect.any(Number)] });
      expect(headers['x-auth-roles']).toBe('');
    });

    it('is nothing, where its scope is empty', async () => {
      const { token } = await anAdmin(app);
      const { key } = await makeKey(app, token, { scope: '' });

      expect(await scopeOf(key)).toBe('');
    });

    it('follows the rights of its owner at once, down and up again, while it goes on', async () => {
      const { id, token } = await anAdmin(app);
      const all = await makeKey(app, token);
      const narrow = await makeKey(app, token, { scope: 'audit:read users:list' });
      expect(await scopeOf(narrow.key)).toBe('audit:read users:list');
      expect(await scopeOf(all.key)).toContain('users:delete');

      await setRoles(app, id, ['user']);
      expect([await scopeOf(all.key), await scopeOf(narrow.key)]).toEqual(['', '']);
      await app.get('/admin/audit').auth(all.key, { type: 'bearer' }).expect(403);

      app.clock.advanceSeconds(1);
      await setRoles(app, id, ['user', 'admin']);
      expect(await scopeOf(narrow.key)).toBe('audit:read users:list');
    });

    it('follows what a role may do', async () => {
      const { token } = await anAdmin(app);
      const { key } = await makeKey(app, token, { scope: 'audit:read users:list' });
      expect(await scopeOf(key)).toBe('audit:read users:list');
      const where = { role: 'admin', permission: 'audit:read' };

      const version = new Date(app.clock.now() + 1);
      await app.models.rolePermissions.destroy({ where });
      await app.models.roles.update({ version }, { where: { name: 'admin' } });
      const expiresAt = new Date(app.clock.now() + 90_000_000);
      app.revocations.add([{ kind: 'role', subjectId: 'admin', notBefore: version, expiresAt }]);

      expect(await scopeOf(key)).toBe('users:list');
      await app.models.rolePermissions.create(where);
    });
  });

  describe('An API key while revocations are stale', () => {
    const app = useApp(kind, { REVOCATION_WHEN_STALE: 'refuse' });

    it('hears 503 like a token, and 401 where it is bad anyway', async () => {
      await app.follower.catchUp();
      const { token } = await signUp(app);
      const { key } = await makeKey(app, token);
      await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);

      app.clock.advanceSeconds(11);

      const { body } = await app.get('/verify').auth(key, { type: 'bearer' }).expect(503);
      expect(body.code).toBe('revocations_stale');
      await app.get('/verify').auth(`${key}x`, { type: 'bearer' }).expect(401);
      await app.follower.catchUp();
      await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);
    });
  });
});
