import { describe, expect, it } from '@jest/globals';
import { anAdmin, OPERATOR, userAdminOf, userWho } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';

const auth = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('POST /admin/users/{id}/disable', () => {
    const app = useApp(kind);

    it('ends everything of the user at once', async () => {
      const admin = await anAdmin(app);
      const { id, email, password, token, refreshToken } = await signUp(app);

      const { body } = await app.post(`/admin/users/${id}/disable`).auth(admin.token, auth).expect(200);

      expect(body.user.disabled_at).toBe(new Date(app.clock.now()).toISOString());
      for (const path of ['/me', '/verify', '/sessions']) {
        const refused = await app.get(path).auth(token, auth).expect(401);
        expect(refused.body.code).toBe('token_revoked');
      }
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      const login = await app.post('/login').send({ email, password }).expect(401);
      expect(login.body.code).toBe('invalid_credentials');
    });

    it('answers 200 a second time too, and the first time stays', async () => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      const path = `/admin/users/${id}/disable`;
      const first = await app.post(path).auth(token, auth).expect(200);
      app.clock.advanceSeconds(1);

      const second = await app.post(path).auth(token, auth).expect(200);

      expect(second.body).toEqual(first.body);
    });

    it('answers 200 to administrators who disable themselves, where another one is left', async () => {
      await anAdmin(app);
      const { id, token } = await anAdmin(app);

      await app.post(`/admin/users/${id}/disable`).auth(token, auth).expect(200);

      await app.get('/admin/users').auth(token, auth).expect(401);
    });

    it('refuses a disabled administrator everything, whatever the permission', async () => {
      const admin = await anAdmin(app);
      const helper = await userWho(app, ['users:disable', 'users:read']);
      const { id } = await signUp(app);

      await app.post(`/admin/users/${helper.id}/disable`).auth(admin.token, auth).expect(200);

      await app.post(`/admin/users/${id}/disable`).auth(helper.token, auth).expect(401);
      await app.get(`/admin/users/${id}`).auth(helper.token, auth).expect(401);
    });
  });

  describe('POST /admin/users/{id}/disable in another process', () => {
    const apps = useTwoApps(kind);

    it('ends the tokens here as soon as the revocations are followed', async () => {
      const admin = await anAdmin(apps.first);
      const { id, token } = await signUp(apps.second);

      await apps.first.post(`/admin/users/${id}/disable`).auth(admin.token, auth).expect(200);
      await apps.second.follower.catchUp();

      await apps.second.get('/verify').auth(token, auth).expect(401);
    });

    it('refuses logins here, whether or not the revocations have been followed', async () => {
      const { id, email, password, token, refreshToken } = await signUp(apps.second);

      await userAdminOf(apps.first).disable(id, OPERATOR);

      await apps.second.post('/login').send({ email, password }).expect(401);
      await apps.second.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      await apps.second.get('/me').auth(token, auth).expect(401);
    });
  });
});
