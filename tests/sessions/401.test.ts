import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe.each(['GET /sessions', 'DELETE /sessions/{id}'])('%s', (operation) => {
    const app = useApp(kind);

    function ask(sessionId: string, token?: string) {
      const asked = operation.startsWith('GET')
        ? app.get('/sessions')
        : request(app.url).delete(`/sessions/${sessionId}`);
      return token === undefined ? asked : asked.auth(token, { type: 'bearer' });
    }

    it('answers 401 to no credential', async () => {
      const { sessionId, token } = await signUp(app);

      const response = await ask(sessionId).expect(401);

      expect(response.body.code).toBe('token_missing');
      expect(response.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 401 to a token that is none, and to a refresh token', async () => {
      const { sessionId, token, refreshToken } = await signUp(app);

      for (const wrong of ['garbage', `${token}x`, refreshToken]) {
        const { body } = await ask(sessionId, wrong).expect(401);
        expect(body.code).toBe('token_invalid');
      }
    });

    it('answers 401 to an expired token', async () => {
      const { sessionId, token } = await signUp(app);
      app.clock.advanceSeconds(905);

      const { body } = await ask(sessionId, token).expect(401);

      expect(body.code).toBe('token_expired');
    });

    it('answers 401 to the token of a session that has ended', async () => {
      const { sessionId, token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      const response = await ask(sessionId, token).expect(401);

      expect(response.body.code).toBe('token_revoked');
      expect(response.headers['www-authenticate']).toContain('error="invalid_token"');
    });
  });
});
