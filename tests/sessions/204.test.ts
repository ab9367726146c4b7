import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('DELETE /sessions/{id}', () => {
    const app = useApp(kind);

    function end(id: string, token: string) {
      return request(app.url).delete(`/sessions/${id}`).auth(token, { type: 'bearer' });
    }

    async function logInTwice() {
      const person = await signUp(app);
      const { email, password } = person;
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      return { ...person, other: body as { access_token: string; refresh_token: string } };
    }

    it('answers 204 with no body; that session is over at once, and the one that asked goes on', async () => {
      const { sessionId, token, refreshToken, other } = await logInTwice();

      const response = await end(sessionId, other.access_token).expect(204);

      expect(response.text).toBe('');
      const { body } = await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      await app.get('/verify').auth(other.access_token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: other.refresh_token }).expect(200);
    });

    it('answers 204 and the list no longer has it', async () => {
      const { sessionId, other } = await logInTwice();

      await end(sessionId, other.access_token).expect(204);

      const { body } = await app.get('/sessions').auth(other.access_token, { type: 'bearer' }).expect(200);
      expect(body.sessions).toHaveLength(1);
      expect(body.sessions[0].current).toBe(true);
    });

    it('answers 204 for the very session that asks, which is a logout', async () => {
      const { sessionId, token, other } = await logInTwice();

      await end(sessionId, token).expect(204);

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
      await app.get('/verify').auth(other.access_token, { type: 'bearer' }).expect(200);
    });

    it('answers 204 to one of two who ask at once; the other hears 404, and one revocation is recorded', async () => {
      const { sessionId, other } = await logInTwice();

      const responses = await Promise.all([1, 2].map(() => end(sessionId, other.access_token)));

      expect(responses.map(({ status }) => status).sort()).toEqual([204, 404]);
      const where = { subjectId: sessionId };
      expect(await app.models.revocations.count({ where })).toBe(1);
      expect((await app.models.sessions.findByPk(sessionId))?.revokedReason).toBe('ended_by_user');
    });
  });
});
