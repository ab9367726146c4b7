import { beforeAll, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aRoleName, makeRole, signUpWith } from '../support/roles.ts';
import { useTwoApps } from '../support/two-apps.ts';

onEachDatabase((kind) => {
  describe('Of two processes', () => {
    const apps = useTwoApps(kind);
    let admin: Awaited<ReturnType<typeof signUpWith>>;
    beforeAll(async () => {
      admin = await signUpWith(apps.first, ['admin']);
    });

    const verify = (app: TestApp, token: string) => app.get('/verify').auth(token, { type: 'bearer' });
    const patch = (name: string, permissions: string[]) =>
      apps.first.patch(`/admin/roles/${name}`).auth(admin.token, { type: 'bearer' }).send({ permissions });

    /** What ends the tokens of a role's users, and what they may do then. */
    const CHANGES: [what: string, change: (role: string) => Promise<unknown>, scope: string][] = [
      ['a role that loses a permission', (role) => patch(role, ['users:list']).expect(200), 'users:list'],
      [
        'a role that gets one',
        (role) => patch(role, ['users:list', 'users:read', 'users:unlock']).expect(200),
        'users:list users:read users:unlock',
      ],
      [
        'the end of a role',
        (role) =>
          apps.first
            .delete(`/admin/roles/${role}?force=true`)
            .auth(admin.token, { type: 'bearer' })
            .expect(204),
        '',
      ],
    ];

    it.each(CHANGES)(
      '%s ends the tokens of its users in both, and their sessions live on',
      async (_what, change, scope) => {
        const role = await makeRole(apps.first, ['users:list', 'users:read']);
        const [person, stranger] = [await signUpWith(apps.first, [role]), await signUpWith(apps.first, [])];
        await verify(apps.second, person.token).expect(200);

        // The clocks stand still: no token is older by its iat.
        await change(role);

        expect((await verify(apps.first, person.token).expect(401)).body.code).toBe('token_revoked');
        await apps.second.follower.catchUp();
        expect((await verify(apps.second, person.token).expect(401)).body.code).toBe('token_revoked');
        const refreshed = await apps.second
          .post('/refresh')
          .send({ refresh_token: person.refreshToken })
          .expect(200);
        const claims = claimsIn(refreshed.body.access_token);
        expect(claims).toMatchObject({ scope, sid: claimsIn(person.token).sid });
        for (const app of [apps.first, apps.second]) {
          await verify(app, refreshed.body.access_token).expect(200);
          await verify(app, stranger.token).expect(200);
        }
      },
    );

    it('one whose clock is behind ends the tokens of the other all the same', async () => {
      const role = await makeRole(apps.second, ['users:list', 'users:read']);
      apps.second.clock.advanceSeconds(3);
      const change = (app: TestApp, permissions: string[]) =>
        app.patch(`/admin/roles/${role}`).auth(admin.token, { type: 'bearer' }).send({ permissions });
      await change(apps.second, ['users:list']).expect(200);
      const person = await signUpWith(apps.second, [role]);
      await verify(apps.second, person.token).expect(200);

      await change(apps.first, []).expect(200);

      await apps.second.follower.catchUp();
      await verify(apps.first, person.token).expect(401);
      await verify(apps.second, person.token).expect(401);
      const { body } = await apps.first
        .post('/refresh')
        .send({ refresh_token: person.refreshToken })
        .expect(200);
      await apps.first.follower.catchUp();
      for (const app of [apps.first, apps.second]) await verify(app, body.access_token).expect(200);
      apps.first.clock.advanceSeconds(3);
    });

    it('two that change one role at once agree on it, and on which tokens are too old', async () => {
      const role = await makeRole(apps.first, ['users:list']);
      const person = await signUpWith(apps.first, [role]);
      const change = (app: TestApp, permissions: string[]) =>
        app
          .patch(`/admin/roles/${role}`)
          .auth(admin.token, { type: 'bearer' })
          .send({ permissions })
          .expect(200);

      await Promise.all([change(apps.first, ['users:read']), change(apps.second, ['users:unlock'])]);

      await apps.first.follower.catchUp();
      await apps.second.follower.catchUp();
      const { body } = await apps.first
        .post('/refresh')
        .send({ refresh_token: person.refreshToken })
        .expect(200);
      expect(['users:read', 'users:unlock']).toContain(claimsIn(body.access_token).scope);
      for (const app of [apps.first, apps.second]) {
        await verify(app, person.token).expect(401);
        await verify(app, body.access_token).expect(200);
      }
    });

    it('a role that is deleted and made again while people refresh leaves no token with what it may no longer do', async () => {
      const role = await makeRole(apps.first, ['users:delete'], aRoleName());
      const people = await Promise.all(Array.from({ length: 5 }, () => signUpWith(apps.first, [role])));

      const [answers] = await Promise.all([
        Promise.all(
          people.map(({ refreshToken }) =>
            apps.second.post('/refresh').send({ refresh_token: refreshToken }).expect(200),
          ),
        ),
        apps.first
          .delete(`/admin/roles/${role}?force=true`)
          .auth(admin.token, { type: 'bearer' })
          .expect(204)
          .then(() => makeRole(apps.first, ['users:read'], role)),
      ]);

      await apps.second.follower.catchUp();
      for (const { body } of answers) {
        const { status } = await verify(apps.second, body.access_token);
        expect([status, claimsIn(body.access_token).scope]).toEqual(
          claimsIn(body.access_token).scope === '' ? [200, ''] : [401, 'users:delete'],
        );
      }
    });
  });
});
