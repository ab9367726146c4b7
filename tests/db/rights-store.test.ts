import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { aRoleName, makeRole } from '../support/roles.ts';

onEachDatabase((kind) => {
  describe('What a user may do', () => {
    const app = useApp(kind);
    const rightsOf = (id: string) => app.store.rights.rightsOf(id);
    const versionOf = async (role: string) => (await app.store.roles.find(role))?.version.getTime();

    it('is nothing for a user who has just signed up, with the role user', async () => {
      const { id } = await signUp(app);

      expect(await rightsOf(id)).toEqual({
        isActive: true,
        hasSecondFactor: false,
        roles: ['user'],
        permissions: [],
        versions: [0, await versionOf('user')],
      });
    });

    it('is nothing for a user without a role, who has a version all the same', async () => {
      const { id } = await signUp(app);
      const at = new Date(app.clock.now());

      const version = await app.store.transaction(({ userRoles }) => userRoles.replace(id, [], at));

      expect(version).toEqual(at);
      expect(await rightsOf(id)).toMatchObject({
        isActive: true,
        roles: [],
        permissions: [],
        versions: [at.getTime()],
      });
    });

    it('is nothing for an unknown user', async () => {
      const nothing = { isActive: false, hasSecondFactor: false, roles: [], permissions: [], versions: [0] };

      expect(await rightsOf(randomUUID())).toEqual(nothing);
    });

    it('stays the same while they are disabled, which is told beside it', async () => {
      const { id } = await signUp(app);
      await app.store.users.disable(id, new Date(app.clock.now()));

      expect(await rightsOf(id)).toMatchObject({ isActive: false, roles: ['user'] });
    });

    it('is what all roles may do together, each permission once and in order', async () => {
      const { id } = await signUp(app);
      const first = await makeRole(app, ['users:read', 'users:list'], `b-${aRoleName()}`);
      const second = await makeRole(app, ['users:read', 'roles:list'], `a-${aRoleName()}`);
      const empty = await makeRole(app, [], `c-${aRoleName()}`);
      await app.store.userRoles.add(id, [first, empty, second]);

      const { roles, permissions, versions } = await rightsOf(id);

      expect(roles).toEqual([second, first, empty, 'user']);
      expect(permissions).toEqual(['roles:list', 'users:list', 'users:read']);
      expect(versions).toEqual([0, ...(await Promise.all(roles.map(versionOf)))]);
    });

    it('has versions to the millisecond, which rise though the clock stands still', async () => {
      const { id } = await signUp(app);
      const at = new Date(1_800_000_000_123);
      const replace = () => app.store.transaction(({ userRoles }) => userRoles.replace(id, ['user'], at));

      for (const milliseconds of [123, 124, 125]) {
        await replace();
        expect((await rightsOf(id)).versions[0]).toBe(1_800_000_000_000 + milliseconds);
      }
    });

    it('has versions that rise though another process has a clock that is behind', async () => {
      const name = await makeRole(app, []);
      const raise = (at: Date) =>
        app.store.transaction(async ({ roles }) => {
          const role = await roles.find(name);
          return role && roles.raiseVersions([role], at);
        });
      const first = await raise(new Date(app.clock.now() + 5000));

      const second = await raise(new Date(app.clock.now()));

      expect(second?.getTime()).toBe((first?.getTime() ?? 0) + 1);
    });

    it('is of one moment: roles and permissions with the versions that belong to them', async () => {
      const { id } = await signUp(app);
      const name = await makeRole(app, ['users:read']);
      await app.store.userRoles.add(id, [name]);
      const seen = new Map<number, string>();
      let isChanging = true;

      const change = async () => {
        for (let round = 0; round < 20; round++) {
          await app.store.transaction(async ({ roles }) => {
            const role = await roles.find(name);
            if (role === null) return;
            await roles.setPermissions(role, round % 2 ? ['users:read'] : ['users:list']);
            await roles.raiseVersions([role], new Date(app.clock.now()));
          });
        }
        isChanging = false;
      };
      const read = async () => {
        while (isChanging) {
          const { roles, permissions, versions } = await rightsOf(id);
          const version = versions[roles.indexOf(name) + 1] ?? 0;
          expect([undefined, permissions.join()]).toContain(seen.get(version));
          seen.set(version, permissions.join());
        }
      };
      await Promise.all([change(), read()]);

      for (const permissions of seen.values()) expect(['users:read', 'users:list']).toContain(permissions);
    });
  });
});
