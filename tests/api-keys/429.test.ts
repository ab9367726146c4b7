import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('A request with an API key', () => {
    const app = useApp(kind, { RATE_LIMIT_API_KEY: '3/60', RATE_LIMIT_TOKEN: '20/60' });

    it('answers 429 after as many as RATE_LIMIT_API_KEY has it, each key by itself, on every route together', async () => {
      const { token } = await signUp(app);
      const [one, other] = [await makeKey(app, token), await makeKey(app, token)];
      const verify = (key: string) => app.get('/verify').auth(key, { type: 'bearer' });

      const { headers } = await verify(one.key).expect(200);
      await app.get('/me').auth(one.key, { type: 'bearer' }).expect(200);
      await verify(one.key).expect(200);
      const refused = await verify(one.key).expect(429);

      expect(headers).toMatchObject({
        'ratelimit-policy': '"api-key";q=3;w=60',
        ratelimit: expect.stringMatching(/^"api-key";r=2;t=\d+$/),
      });
      expect(refused.body).toMatchObject({ code: 'rate_limited', policy: 'api-key' });
      expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      await verify(other.key).expect(200);
      const { headers: ofToken } = await verify(token).expect(200);
      expect(ofToken['ratelimit-policy']).toBe('"token";q=20;w=60');
    });
  });
});
