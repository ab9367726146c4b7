import { beforeAll, describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPermissionName, makePermissions, makeRole, signUpWith } from '../support/roles.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('An API key whose scope names a permission that is deleted', () => {
    const app = useApp(kind);
    let admin: Awaited<ReturnType<typeof signUpWith>>;
    beforeAll(async () => {
      admin = await signUpWith(app, ['admin']);
    });

    const remove = (name: string) =>
      app.delete(`/admin/permissions/${name}?force=true`).auth(admin.token, as);
    const scopeOf = async (key: string) => (await app.get('/verify').auth(key, as).expect(200)).body.scope;
    /** In the order of their making; their ids are of one moment. */
    const listed = async (token: string) => {
      const { body } = await app.get('/api-keys').auth(token, as).expect(200);
      const keys: { name: string; scope: string | null }[] = body.api_keys;
      return keys.sort((one, other) => one.name.localeCompare(other.name)).map(({ scope }) => scope);
    };

    /** A user who may do that, and keys of theirs with these scopes. */
    async function ownerOf(permissions: readonly string[], scopes: readonly (string | null)[]) {
      const role = await makeRole(app, permissions);
      const owner = await signUpWith(app, [role]);
      const keys: string[] = [];
      for (const [index, scope] of scopes.entries()) {
        keys.push((await makeKey(app, owner.token, { name: `Key ${index}`, scope })).key);
      }
      const { body } = await app.post('/login').send({ email: owner.email, password: owner.password });
      return { ...owner, role, keys, token: body.access_token as string };
    }

    it('loses it, and does not have it again when it is made anew and given to its owner', async () => {
      const name = aPermissionName();
      const [first, last] = ['a:first', 'z:last'];
      const scopes = [name, `${first} ${name} ${last}`, `${name} ${last}`, `${first} ${name}`, '', null];
      const { role, keys, email, password } = await ownerOf([first, name, last], scopes);
      for (const key of keys.slice(0, 4)) expect(await scopeOf(key)).toContain(name);

      await remove(name).expect(204);

      const { body } = await app.post('/login').send({ email, password }).expect(200);
      const without = ['', `${first} ${last}`, last, first, '', null];
      expect(await listed(body.access_token)).toEqual(without);
      await makePermissions(app, [name]);
      const permissions = [first, name, last];
      await app.patch(`/admin/roles/${role}`).auth(admin.token, as).send({ permissions }).expect(200);
      const all = permissions.sort().join(' ');
      expect(await Promise.all(keys.map(scopeOf))).toEqual(without.map((scope) => scope ?? all));
      expect(await app.models.apiKeyPermissions.count({ where: { permission: name } })).toBe(0);
    });

    it('keeps others whose names begin or end like it', async () => {
      const name = aPermissionName();
      const alike = [`x${name}`, `${name}x`, `${name}.more`].sort();
      const { keys } = await ownerOf([...alike, name], [[...alike, name].sort().join(' ')]);

      await remove(name).expect(204);

      expect(await scopeOf(keys[0] ?? '')).toBe(alike.join(' '));
    });

    it('is no reason against the deletion once no role has it', async () => {
      const name = aPermissionName();
      const { role, keys } = await ownerOf([name], [name]);
      await app.patch(`/admin/roles/${role}`).auth(admin.token, as).send({ permissions: [] }).expect(200);

      await app.delete(`/admin/permissions/${name}`).auth(admin.token, as).expect(204);

      expect(await scopeOf(keys[0] ?? '')).toBe('');
    });

    it('is left as it is where the deletion is refused', async () => {
      const name = aPermissionName();
      const { keys } = await ownerOf([name], [name]);

      await app.delete(`/admin/permissions/${name}`).auth(admin.token, as).expect(409);

      expect(await scopeOf(keys[0] ?? '')).toBe(name);
    });

    it('never names it in the end where it is made at the same moment', async () => {
      for (let round = 0; round < 5; round++) {
        const name = aPermissionName();
        const { token } = await ownerOf([name], []);

        const [made] = await Promise.all([
          app.post('/api-keys').auth(token, as).send({ name: 'A key', scope: name }),
          remove(name).expect(204),
        ]);

        expect([201, 401, 403]).toContain(made.status);
        const rows = await app.models.apiKeys.findAll({ where: { name: 'A key', scope: name } });
        expect(rows).toEqual([]);
      }
    });
  });
});
