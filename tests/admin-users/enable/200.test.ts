import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;
/** By so much clocks may differ. */
const TOLERANCE_SECONDS = 6;

onEachDatabase((kind) => {
  describe('POST /admin/users/{id}/enable', () => {
    const app = useApp(kind);

    async function disabledPerson(token: string) {
      const person = await signUp(app);
      await app.post(`/admin/users/${person.id}/disable`).auth(token, auth).expect(200);
      return person;
    }

    it('lets the person log in again in the same second with the roles of before', async () => {
      const { token } = await anAdmin(app);
      const { id, email, password } = await disabledPerson(token);

      const { body } = await app.post(`/admin/users/${id}/enable`).auth(token, auth).expect(200);

      expect(body.user).toMatchObject({ disabled_at: null, roles: ['user'] });
      const login = await app.post('/login').send({ email, password }).expect(200);
      await app.get('/me').auth(login.body.access_token, auth).expect(200);
    });

    it('keeps refusing what they had before, at once and later', async () => {
      const { token: admin } = await anAdmin(app);
      const { id, token, refreshToken, sessionId } = await disabledPerson(admin);

      await app.post(`/admin/users/${id}/enable`).auth(admin, auth).expect(200);

      for (const seconds of [0, TOLERANCE_SECONDS, 60]) {
        app.clock.advanceSeconds(seconds);
        await app.follower.catchUp();
        for (const path of ['/me', '/verify']) await app.get(path).auth(token, auth).expect(401);
        await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      }
      const sessions = await app.get(`/admin/users/${id}/sessions`).auth(admin, auth).expect(200);
      expect(sessions.body.sessions.map((session: { id: string }) => session.id)).not.toContain(sessionId);
    });

    it('answers 200 for a user who is not disabled, and ends nothing', async () => {
      const admin = await anAdmin(app);
      const { id, token } = await signUp(app);

      const { body } = await app.post(`/admin/users/${id}/enable`).auth(admin.token, auth).expect(200);

      expect(body.user.disabled_at).toBeNull();
      await app.get('/me').auth(token, auth).expect(200);
    });
  });
});
