import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const PATH = '/.well-known/oauth-authorization-server';

onEachDatabase((kind) => {
  describe('GET /.well-known/oauth-authorization-server', () => {
    const app = useApp(kind);
    const renamed = useApp(kind, { JWT_ISSUER: 'https://issuer.example.com' });

    it('answers 200 with what RFC 8414 requires', async () => {
      const { body } = await app.get(PATH).expect(200);

      expect(body).toEqual({
        issuer: PUBLIC_URL,
        token_endpoint: `${PUBLIC_URL}/oauth/token`,
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        grant_types_supported: ['client_credentials', 'refresh_token'],
        response_types_supported: [],
        introspection_endpoint: `${PUBLIC_URL}/oauth/introspect`,
        introspection_endpoint_auth_methods_supported: [
          'client_secret_basic',
          'client_secret_post',
          'Bearer',
        ],
        revocation_endpoint: `${PUBLIC_URL}/oauth/revoke`,
        revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json`,
        service_documentation: `${PUBLIC_URL}/docs`,
      });
    });

    it('answers 200 with exactly the issuer that tokens name, whatever the public URL', async () => {
      const { token } = await signUp(renamed);

      const { body } = await renamed.get(PATH).expect(200);

      expect(body.issuer).toBe('https://issuer.example.com');
      expect(body.issuer).toBe(claimsIn(token).iss);
      expect(body.token_endpoint).toBe(`${PUBLIC_URL}/oauth/token`);
    });

    it('answers 200 with endpoints that are there', async () => {
      const { body } = await app.get(PATH).expect(200);

      for (const [name, value] of Object.entries(body)) {
        if (!/_endpoint$|_uri$|_documentation$/.test(name)) continue;
        const { pathname } = new URL(String(value));
        expect((await app.options(pathname)).status).toBe(204);
      }
    });
  });
});
