import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /verify', () => {
    const app = useApp(kind);

    async function expectRefused(token: string | undefined, code: string, error: string | undefined) {
      const asked = app.get('/verify').set({ 'X-Auth-Subject': 'evil', 'X-Auth-Roles': 'admin' });
      const response = await (token === undefined ? asked : asked.auth(token, { type: 'bearer' })).expect(
        401,
      );

      expect(response.type).toBe('application/problem+json');
      expect(response.body.code).toBe(code);
      expect(response.headers['www-authenticate']).toMatch(
        error === undefined ? /^Bearer realm="latchkey"$/ : new RegExp(`error="${error}"`),
      );
      expect(Object.keys(response.headers).filter((name) => name.startsWith('x-auth'))).toEqual([]);
      expect(response.text).not.toMatch(/evil|admin/);
    }

    it('answers 401 to no token, with a challenge that names no error and no X-Auth header', async () => {
      await expectRefused(undefined, 'token_missing', undefined);
    });

    it('answers 401 to a token that is none', async () => {
      const { token, refreshToken } = await signUp(app);

      for (const wrong of ['garbage', `${token}x`, refreshToken]) {
        await expectRefused(wrong, 'token_invalid', 'invalid_token');
      }
    });

    it('answers 401 to an expired token', async () => {
      const { token } = await signUp(app);
      app.clock.advanceSeconds(905);

      await expectRefused(token, 'token_expired', 'invalid_token');
    });

    it('answers 401 to a revoked token, from the moment of the logout until it expires', async () => {
      const { token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      for (const seconds of [0, 300, 300, 300]) {
        app.clock.advanceSeconds(seconds);
        await app.follower.catchUp();
        await app.follower.prune();
        await expectRefused(token, 'token_revoked', 'invalid_token');
      }
      app.clock.advanceSeconds(4);
      await app.follower.prune();
      await expectRefused(token, 'token_revoked', 'invalid_token');
      app.clock.advanceSeconds(3600);
      await app.follower.prune();
      await expectRefused(token, 'token_expired', 'invalid_token');
      // A replica may have been told to issue tokens for a day, the longest there is.
      app.clock.advanceSeconds(86_400);
      await app.follower.prune();
      expect(app.revocations.size()).toBe(0);
    });

    it('answers 401 to a token in the query or in a cookie', async () => {
      const { token } = await signUp(app);

      await app.get('/verify').query({ access_token: token }).expect(401);
      await app.get('/verify').set('Cookie', `access_token=${token}`).expect(401);
    });
  });
});
