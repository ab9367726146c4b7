import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('GET /admin/users/{id}/sessions', () => {
    const app = useApp(kind);

    it('answers 200 with the sessions of that user as they see them, none of which is the current one', async () => {
      const { token } = await anAdmin(app);
      const { id, email, password, token: own } = await signUp(app);
      app.clock.advanceSeconds(1);
      await app.post('/login').set('User-Agent', 'Firefox').send({ email, password }).expect(200);

      const { body } = await app.get(`/admin/users/${id}/sessions`).auth(token, auth).expect(200);

      const { body: seen } = await app.get('/sessions').auth(own, auth).expect(200);
      const notCurrent = seen.sessions.map((session: object) => ({ ...session, current: false }));
      expect(body.sessions).toEqual(notCurrent);
      expect(body.sessions.map(({ user_agent }: { user_agent: string }) => user_agent)).toEqual([
        'Firefox',
        null,
      ]);
    });

    it('answers 200 with none where all have ended', async () => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      await app.delete(`/admin/users/${id}/sessions`).auth(token, auth).expect(204);

      const { body } = await app.get(`/admin/users/${id}/sessions`).auth(token, auth).expect(200);

      expect(body.sessions).toEqual([]);
    });
  });
});
