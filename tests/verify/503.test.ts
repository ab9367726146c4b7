import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /verify', () => {
    const app = useApp(kind, { REVOCATION_WHEN_STALE: 'refuse' });

    /** A person, at a moment when revocations are known. */
    async function signUpNow() {
      await app.follower.catchUp();
      return signUp(app);
    }

    it('answers 503 once revocations could not be followed for more than 10 seconds, and 200 when they can again', async () => {
      const { token } = await signUpNow();
      const verify = () => app.get('/verify').auth(token, { type: 'bearer' });

      app.clock.advanceSeconds(10);
      await verify().expect(200);
      app.clock.advanceSeconds(0.001);
      const response = await verify().expect(503);
      await app.follower.catchUp();

      expect(response.type).toBe('application/problem+json');
      expect(response.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
      expect(response.headers).not.toHaveProperty('x-auth-subject');
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#revocations_stale`,
        title: expect.any(String),
        status: 503,
        detail: expect.any(String),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'revocations_stale',
      });
      await verify().expect(200);
    });

    it('answers 503 as every route behind a token does', async () => {
      const { token } = await signUpNow();
      app.clock.advanceSeconds(11);

      for (const path of ['/me', '/sessions', '/verify']) {
        const { body } = await app.get(path).auth(token, { type: 'bearer' }).expect(503);
        expect(body.code).toBe('revocations_stale');
      }
      const { body } = await app.delete('/me').auth(token, { type: 'bearer' }).send({ password: 'x' });
      expect(body.code).toBe('revocations_stale');
    });

    it('leaves /healthz well, and /readyz says why', async () => {
      await app.follower.catchUp();
      await app.get('/readyz').expect(200);
      app.clock.advanceSeconds(11);

      const { body } = await app.get('/readyz').expect(503);

      expect(body.code).toBe('revocations_stale');
      await app.get('/healthz').expect(200);
      await app.follower.catchUp();
      await app.get('/readyz').expect(200);
    });

    it('answers 401 to a token that is bad anyway, as always', async () => {
      const [ended, expired] = [await signUpNow(), await signUpNow()];
      await app.post('/logout').auth(ended.token, { type: 'bearer' }).expect(204);
      app.clock.advanceSeconds(11);

      const codes = [];
      for (const token of ['garbage', ended.token]) {
        codes.push((await app.get('/verify').auth(token, { type: 'bearer' }).expect(401)).body.code);
      }
      codes.push((await app.get('/verify').expect(401)).body.code);
      app.clock.advanceSeconds(2000);
      codes.push((await app.get('/verify').auth(expired.token, { type: 'bearer' }).expect(401)).body.code);

      expect(codes).toEqual(['token_invalid', 'token_revoked', 'token_missing', 'token_expired']);
    });

    it('leaves logging in and refreshing alone, which ask the database themselves', async () => {
      const { email, password, refreshToken } = await signUpNow();
      app.clock.advanceSeconds(11);

      await app.post('/login').send({ email, password }).expect(200);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
    });
  });

  describe('GET /verify with REVOCATION_MAX_LAG_SECONDS=60', () => {
    const app = useApp(kind, { REVOCATION_WHEN_STALE: 'refuse', REVOCATION_MAX_LAG_SECONDS: '60' });

    it('answers 503 only after that time', async () => {
      const { token } = await signUp(app);

      app.clock.advanceSeconds(60);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(1);

      await app.get('/verify').auth(token, { type: 'bearer' }).expect(503);
    });
  });
});
