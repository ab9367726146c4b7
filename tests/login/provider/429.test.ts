import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { expectPage, pendingCookieIn, pendingCookiesIn, requestIn } from '../../support/pending.ts';

onOneDatabase((kind) => {
  describe('Signing in at a provider from an address that has sent too many requests', () => {
    const app = useApp(kind, {
      ...{ GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' },
      RATE_LIMIT_LOGIN_IP: '1/3600',
      TRUST_PROXY: '1',
    });

    it('answers 429 with a page, and keeps what has begun for another try', async () => {
      const begun = await app.get('/login/github').query({ return_to: 'http://localhost/' }).expect(302);
      const cookie = pendingCookieIn(begun);
      const query = { state: requestIn(begun).state, error: 'access_denied' };

      for (const response of [
        await app.get('/login/github').query({ return_to: 'http://localhost/' }),
        await app.get('/login/github/callback').query(query).set('Cookie', cookie),
        await app.post('/login/github/callback').type('form').send(query),
      ]) {
        expectPage(response, 429, 'Too many requests');
        expect(response.headers).toHaveProperty('retry-after');
        expect(pendingCookiesIn(response)).toEqual([]);
      }

      await app
        .get('/login/github/callback')
        .query(query)
        .set({ Cookie: cookie, 'X-Forwarded-For': '203.0.113.7' })
        .expect(303);
    });
  });
});
