import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { onOneDatabase } from '../../support/databases.ts';

const GITHUB = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' };
const ACME = {
  id: 'acme',
  name: 'Acme <b>& Sons</b>',
  issuer: 'http://127.0.0.1:9',
  client_id: 'latchkey',
  client_secret: 'another secret',
};

onOneDatabase((kind) => {
  describe('GET /login/providers', () => {
    describe('where none is configured', () => {
      const app = useApp(kind);

      it('answers 200 with none', async () => {
        const { body } = await app.get('/login/providers').expect(200);

        expect(body).toEqual({ providers: [] });
      });
    });

    describe('where some are configured', () => {
      const app = useApp(kind, { OIDC_PROVIDERS: JSON.stringify([ACME]), ...GITHUB });

      it('answers 200 with their ids and names and nothing else, also while they are away', async () => {
        const response = await app.get('/login/providers').expect(200);

        expect(response.body).toEqual({
          providers: [
            { id: 'github', name: 'GitHub' },
            { id: 'acme', name: ACME.name },
          ],
        });
        expect(response.type).toBe('application/json');
      });
    });
  });
});
