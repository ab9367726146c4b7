import { describe, expect, it } from '@jest/globals';
import { createApiKeyCheck } from '../../src/core/api-keys/check.ts';
import { forgetOldKeys } from '../../src/features/api-keys/api-keys.ts';
import { OPERATOR, userAdminOf } from '../support/admins.ts';
import { makeKey, setRoles } from '../support/api-keys.ts';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const DAY_SECONDS = 86_400;

onEachDatabase((kind) => {
  describe('API keys that are no longer good', () => {
    const app = useApp(kind);

    it('are forgotten 30 days after their end, and those that are good never', async () => {
      const { token } = await signUp(app);
      const expiresAt = new Date(app.clock.now() + 1000).toISOString();
      const [deleted, expired, good] = [
        await makeKey(app, token),
        await makeKey(app, token, { expires_at: expiresAt }),
        await makeKey(app, token),
      ];
      app.clock.advanceSeconds(1);
      await app.delete(`/api-keys/${deleted.id}`).auth(token, { type: 'bearer' }).expect(204);
      const ids = async () => (await app.models.apiKeys.findAll()).map(({ id }) => id).sort();

      app.clock.advanceSeconds(30 * DAY_SECONDS);
      await forgetOldKeys(app.store, app.clock);
      expect(await ids()).toEqual([deleted.id, expired.id, good.id].sort());
      app.clock.advanceSeconds(0.001);
      await forgetOldKeys(app.store, app.clock);
      expect(await ids()).toEqual([good.id]);
    });
  });

  describe('Looking into an API key, as introspection does', () => {
    const app = useApp(kind);

    it('tells the claims of a good one and null of any other, and counts as no use', async () => {
      const { token } = await signUp(app);
      const { id, key } = await makeKey(app, token);
      const uses: string[] = [];
      const { store, revocations, clock } = app;
      const options = {
        store,
        revocations,
        clock,
        secrets: app.keys.appSecrets,
        issuer: PUBLIC_URL,
        audience: 'latchkey',
      };
      const { inspect } = createApiKeyCheck({ ...options, onUse: (used) => uses.push(used) });

      expect(await inspect(key)).toMatchObject({ keyId: id, claims: { jti: id, api_key_id: id } });
      expect(await inspect(`${key}x`)).toBeNull();
      expect(await inspect('nonsense')).toBeNull();
      await app.delete(`/api-keys/${id}`).auth(token, { type: 'bearer' }).expect(204);
      expect(await inspect(key)).toBeNull();
      expect(uses).toEqual([]);
    });

    it('refuses a key that is deleted or whose owner is disabled while it is being read, and follows their rights', async () => {
      const { id: userId, token } = await signUp(app);
      const { revocations, clock } = app;
      const changes: (() => Promise<unknown>)[] = [];
      const rightsOf = async (id: string) => {
        const rights = await app.store.rights.rightsOf(id);
        await changes.shift()?.();
        return rights;
      };
      const store = { ...app.store, rights: { ...app.store.rights, rightsOf } };
      const look = () =>
        createApiKeyCheck({
          store,
          revocations,
          clock,
          secrets: app.keys.appSecrets,
          issuer: 'i',
          audience: 'a',
        });
      const [doomed, kept] = [await makeKey(app, token), await makeKey(app, token)];

      changes.push(async () =>
        app.delete(`/api-keys/${doomed.id}`).auth(token, { type: 'bearer' }).expect(204),
      );
      await expect(look().authenticate(doomed.key)).rejects.toMatchObject({ code: 'token_revoked' });
      const disabled = await signUp(app);
      const { key } = await makeKey(app, disabled.token);
      changes.push(() => userAdminOf(app).disable(disabled.id, OPERATOR));
      await expect(look().authenticate(key)).rejects.toMatchObject({ code: 'token_revoked' });
      changes.push(() => setRoles(app, userId, ['user', 'admin']));
      const { permissions } = await look().authenticate(kept.key);

      expect(permissions).toContain('users:list');
    });

    it('fails where the service fails, rather than calling a key bad', async () => {
      const { revocations, clock } = app;
      const { key } = await makeKey(app, (await signUp(app)).token);
      const findByHash = () => Promise.reject(new Error('away'));
      const store = { ...app.store, apiKeys: { ...app.store.apiKeys, findByHash } };
      const { inspect } = createApiKeyCheck({
        store,
        revocations,
        clock,
        secrets: app.keys.appSecrets,
        issuer: 'i',
        audience: 'a',
      });

      await expect(inspect(key)).rejects.toThrow('away');
    });
  });
});
