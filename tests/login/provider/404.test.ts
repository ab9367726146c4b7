import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { setCookiesIn } from '../../support/cookies.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { expectPage } from '../../support/pending.ts';

const GITHUB = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' };
const NOT_OFFERED = 'This way to sign in is not offered here';

onOneDatabase((kind) => {
  describe('A provider that is not offered', () => {
    const app = useApp(kind, GITHUB);

    it.each([
      'google',
      'GitHub',
      'github%00',
      'github%2F',
      'github%20',
      '__proto__',
      'constructor',
      'x'.repeat(2_000),
    ])('answers 404 with a page at /login/%s, whatever is asked for', async (id) => {
      const begun = await app.get(`/login/${id}`).query({ return_to: 'http://localhost/' });
      const returned = await app.get(`/login/${id}/callback`).query({ state: 'x', code: 'y' });
      const posted = await app.post(`/login/${id}/callback`).type('form').send({ state: 'x', code: 'y' });

      for (const response of [begun, returned, posted]) {
        expectPage(response, 404, NOT_OFFERED);
        expect(setCookiesIn(response)).toEqual([]);
      }
    });

    it('answers 404 before it looks at where to lead back to', async () => {
      expectPage(
        await app.get('/login/google').query({ return_to: 'https://evil.example/' }),
        404,
        NOT_OFFERED,
      );
    });

    it.each(['google', 'github'])(
      'answers 404 with a problem document to an ID token of %s: it is not there, or issues none',
      async (id) => {
        const { body } = await app
          .post(`/login/${id}/id-token`)
          .send({ id_token: 'a.b.c', nonce: 'x' })
          .expect(404);

        expect(body.code).toBe('provider_not_found');
      },
    );
  });
});
