import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { TEST_SECRET, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const OTHER_SECRET = 'another-secret-that-this-service-has-never-heard-of';

onEachDatabase((kind) => {
  describe('POST /logout', () => {
    const app = useApp(kind);

    it.each(['', '?scope=others', '?scope=global'])(
      'answers 401 to no token at all with "%s"',
      async (query) => {
        const response = await app.post(`/logout${query}`).expect(401);

        expect(response.body.code).toBe('token_missing');
        expect(response.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
      },
    );

    it('answers 401 to an empty body without an access token', async () => {
      const { body } = await app.post('/logout').send({}).expect(401);

      expect(body.code).toBe('token_missing');
    });

    it('answers 401 to an access token that is none', async () => {
      const { token } = await signUp(app);

      for (const wrong of ['garbage', `${token}x`, token.slice(0, -1)]) {
        const { body } = await app.post('/logout').auth(wrong, { type: 'bearer' }).expect(401);
        expect(body.code).toBe('token_invalid');
      }
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 401 to an expired access token alone, and the session goes on', async () => {
      const { token, refreshToken } = await signUp(app);
      app.clock.advanceSeconds(1000);

      const { body } = await app.post('/logout').auth(token, { type: 'bearer' }).expect(401);

      expect(body.code).toBe('token_expired');
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    });

    it('answers 401 to a refresh token that is garbage, tampered, foreign or of no session', async () => {
      const { token, refreshToken, sessionId } = await signUp(app);
      const foreign = createRefreshTokens([secretKey(OTHER_SECRET)]);
      const own = createRefreshTokens([secretKey(TEST_SECRET)]);

      for (const wrong of [
        '',
        'garbage',
        refreshToken.replace('.0.', '.1.'),
        refreshToken.slice(0, -1),
        foreign.issue({ sessionId, counter: 0 }),
        own.issue({ sessionId: randomUUID(), counter: 0 }),
      ]) {
        const { body } = await app.post('/logout').send({ refresh_token: wrong }).expect(401);
        expect(body.code).toBe('invalid_refresh_token');
      }
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 401 to a refresh token in the Authorization header', async () => {
      const { token, refreshToken } = await signUp(app);

      const { body } = await app.post('/logout').auth(refreshToken, { type: 'bearer' }).expect(401);

      expect(body.code).toBe('token_invalid');
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });
  });
});
