import { describe, expect, it } from '@jest/globals';
import { anAdmin, aRole, OPERATOR, userAdminOf, userWho } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';

const auth = { type: 'bearer' } as const;

async function refresh(app: TestApp, refreshToken: string): Promise<string> {
  const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
  return body.access_token;
}

onEachDatabase((kind) => {
  describe('PUT /admin/users/{id}/roles', () => {
    const app = useApp(kind);

    it('gives the user these roles and no others', async () => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      const role = await aRole(app);

      for (const roles of [[role], [role, 'user'], ['user', 'user', 'admin'], [], ['user']]) {
        const given = app.put(`/admin/users/${id}/roles`).auth(token, auth).send({ roles });
        const expected = [...new Set(roles)].sort();
        expect((await given.expect(200)).body.user.roles).toEqual(expected);
        expect((await app.store.userRoles.rolesOf([id])).get(id)).toEqual(expected);
      }
    });

    it('ends older access tokens, while the session lives on and refreshes into the new rights', async () => {
      const admin = await anAdmin(app);
      const helper = await userWho(app, ['users:list']);
      await app.get('/admin/users').auth(helper.token, auth).expect(200);

      const taken = app.put(`/admin/users/${helper.id}/roles`).auth(admin.token, auth);
      await taken.send({ roles: ['user'] }).expect(200);

      for (const path of ['/admin/users', '/verify', '/me']) {
        const { body } = await app.get(path).auth(helper.token, auth).expect(401);
        expect(body.code).toBe('token_revoked');
      }
      const token = await refresh(app, helper.refreshToken);
      expect(claimsIn(token)).toMatchObject({ roles: ['user'], scope: '', sid: helper.sessionId });
      await app.get('/me').auth(token, auth).expect(200);
      await app.get('/admin/users').auth(token, auth).expect(403);
    });

    it('makes what is given count from the next refresh on', async () => {
      const admin = await anAdmin(app);
      const { id, refreshToken } = await signUp(app);
      const role = await aRole(app, ['users:read']);

      const given = app.put(`/admin/users/${id}/roles`).auth(admin.token, auth);
      await given.send({ roles: [role, 'user'] }).expect(200);

      const token = await refresh(app, refreshToken);
      expect(claimsIn(token)).toMatchObject({ roles: [role, 'user'].sort(), scope: 'users:read' });
      await app.get(`/admin/users/${id}`).auth(token, auth).expect(200);
    });

    it('answers 200 many times in one millisecond, and only the tokens of the last time are good', async () => {
      const admin = await anAdmin(app);
      const person = await signUp(app);
      const old = [person.token];
      let { refreshToken } = person;

      for (const roles of [['user'], [], ['user'], []]) {
        const given = app.put(`/admin/users/${person.id}/roles`).auth(admin.token, auth).send({ roles });
        await given.expect(200);
        const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
        refreshToken = body.refresh_token;
        for (const token of old) await app.get('/verify').auth(token, auth).expect(401);
        await app.get('/verify').auth(body.access_token, auth).expect(200);
        old.push(body.access_token);
      }
    });

    it('leaves the tokens of everybody else alone', async () => {
      const admin = await anAdmin(app);
      const [stranger, person] = [await signUp(app), await signUp(app)];

      const given = app.put(`/admin/users/${person.id}/roles`).auth(admin.token, auth);
      await given.send({ roles: [] }).expect(200);

      await app.get('/verify').auth(stranger.token, auth).expect(200);
      await app.get('/verify').auth(admin.token, auth).expect(200);
    });

    it('leaves no token with what was taken while the person logs in and refreshes', async () => {
      const people = await Promise.all(Array.from({ length: 10 }, () => userWho(app, ['users:list'])));

      const answers = await Promise.all(
        people.flatMap(({ id, email, password, refreshToken }) => [
          app.post('/login').send({ email, password }),
          app.post('/refresh').send({ refresh_token: refreshToken }),
          userAdminOf(app)
            .setRoles(id, ['user'], OPERATOR)
            .then(() => undefined),
        ]),
      );

      for (const answer of answers) {
        if (answer === undefined) continue;
        expect(answer.status).toBe(200);
        const { status } = await app.get('/admin/users').auth(answer.body.access_token, auth);
        expect([401, 403]).toContain(status);
      }
    });
  });

  describe('PUT /admin/users/{id}/roles in another process', () => {
    const apps = useTwoApps(kind);

    it('ends older access tokens here as soon as the revocations are followed, and sessions go on', async () => {
      const admin = await anAdmin(apps.first);
      const helper = await userWho(apps.second, ['users:list']);

      const taken = apps.first.put(`/admin/users/${helper.id}/roles`).auth(admin.token, auth);
      await taken.send({ roles: ['user'] }).expect(200);
      await apps.second.follower.catchUp();

      await apps.second.get('/admin/users').auth(helper.token, auth).expect(401);
      const token = await refresh(apps.second, helper.refreshToken);
      await apps.second.get('/me').auth(token, auth).expect(200);
      await apps.second.get('/admin/users').auth(token, auth).expect(403);
    });
  });
});
