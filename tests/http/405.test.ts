import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '/signup': ['POST', 'OPTIONS'],
  '/login': ['POST', 'OPTIONS'],
  '/me': ['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
  '/me/delete': ['POST', 'OPTIONS'],
  '/me/password': ['POST', 'OPTIONS'],
  '/me/reauthenticate': ['POST', 'OPTIONS'],
  '/me/email': ['POST', 'OPTIONS'],
  '/me/phone': ['POST', 'DELETE', 'OPTIONS'],
  '/me/phone/verify': ['POST', 'OPTIONS'],
  '/me/lockdown': ['POST', 'OPTIONS'],
  '/lockdown': ['POST', 'OPTIONS'],
  '/otp': ['POST', 'OPTIONS'],
  '/otp/verify': ['POST', 'OPTIONS'],
  '/login/link': ['POST', 'OPTIONS'],
  '/login/passkey': ['POST', 'OPTIONS'],
  '/login/passkey/options': ['POST', 'OPTIONS'],
  '/passkeys/registration': ['POST', 'OPTIONS'],
  '/passkeys/registration/options': ['POST', 'OPTIONS'],
  '/me/passkeys': ['GET', 'HEAD', 'OPTIONS'],
  '/me/passkeys/{id}': ['PATCH', 'DELETE', 'OPTIONS'],
  '/login/exchange': ['POST', 'OPTIONS'],
  '/login/providers': ['GET', 'HEAD', 'OPTIONS'],
  '/login/{provider}': ['GET', 'HEAD', 'OPTIONS'],
  '/login/{provider}/id-token': ['POST', 'OPTIONS'],
  '/login/factor': ['POST', 'OPTIONS'],
  '/login/factor/code': ['POST', 'OPTIONS'],
  '/login/factor/options': ['POST', 'OPTIONS'],
  '/me/factors': ['GET', 'HEAD', 'OPTIONS'],
  '/me/factors/totp': ['POST', 'OPTIONS'],
  '/me/factors/totp/{id}': ['PATCH', 'DELETE', 'OPTIONS'],
  '/me/factors/totp/{id}/confirm': ['POST', 'OPTIONS'],
  '/me/recovery-codes': ['POST', 'OPTIONS'],
  '/me/remembered-devices/{id}': ['DELETE', 'OPTIONS'],
  '/me/identities': ['GET', 'HEAD', 'OPTIONS'],
  '/me/identities/{id}': ['POST', 'DELETE', 'OPTIONS'],
  '/me/identities/{id}/token': ['GET', 'HEAD', 'OPTIONS'],
  '/email/verify': ['POST', 'OPTIONS'],
  '/email/verify/resend': ['POST', 'OPTIONS'],
  '/email/undo': ['POST', 'OPTIONS'],
  '/dev/outbox': ['GET', 'HEAD', 'OPTIONS'],
  '/password/forgot': ['POST', 'OPTIONS'],
  '/password/reset': ['POST', 'OPTIONS'],
  '/refresh': ['POST', 'OPTIONS'],
  '/logout': ['POST', 'OPTIONS'],
  '/sessions': ['GET', 'HEAD', 'OPTIONS'],
  '/sessions/{id}': ['DELETE', 'OPTIONS'],
  '/admin/users': ['GET', 'HEAD', 'POST', 'OPTIONS'],
  '/admin/users/import': ['POST', 'OPTIONS'],
  '/admin/users/{id}': ['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
  '/admin/users/{id}/disable': ['POST', 'OPTIONS'],
  '/admin/users/{id}/enable': ['POST', 'OPTIONS'],
  '/admin/users/{id}/unlock': ['POST', 'OPTIONS'],
  '/admin/users/{id}/force-password-change': ['POST', 'OPTIONS'],
  '/admin/users/{id}/factors': ['DELETE', 'OPTIONS'],
  '/admin/users/{id}/reset-link': ['POST', 'OPTIONS'],
  '/admin/users/{id}/roles': ['PUT', 'OPTIONS'],
  '/admin/users/{id}/sessions': ['GET', 'HEAD', 'DELETE', 'OPTIONS'],
  '/admin/users/{id}/sessions/{session_id}': ['DELETE', 'OPTIONS'],
  '/admin/users/{id}/api-keys': ['GET', 'HEAD', 'OPTIONS'],
  '/admin/users/{id}/api-keys/{key_id}': ['DELETE', 'OPTIONS'],
  '/admin/roles': ['GET', 'HEAD', 'POST', 'OPTIONS'],
  '/admin/roles/{name}': ['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
  '/admin/permissions': ['GET', 'HEAD', 'POST', 'OPTIONS'],
  '/admin/permissions/{name}': ['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
  '/api-keys': ['GET', 'HEAD', 'POST', 'OPTIONS'],
  '/csrf': ['GET', 'HEAD', 'OPTIONS'],
  '/session/token': ['POST', 'OPTIONS'],
  '/session/code': ['POST', 'OPTIONS'],
  '/api-keys/{id}': ['GET', 'HEAD', 'DELETE', 'OPTIONS'],
  '/me/activity': ['GET', 'HEAD', 'OPTIONS'],
  '/me/export': ['GET', 'HEAD', 'OPTIONS'],
  '/admin/audit': ['GET', 'HEAD', 'OPTIONS'],
  '/admin/clients': ['GET', 'HEAD', 'POST', 'OPTIONS'],
  '/admin/clients/{client_id}': ['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
  '/admin/clients/{client_id}/secrets': ['POST', 'OPTIONS'],
  '/admin/clients/{client_id}/secrets/{secret_id}': ['DELETE', 'OPTIONS'],
  '/revocations': ['GET', 'HEAD', 'OPTIONS'],
  '/oauth/token': ['POST', 'OPTIONS'],
  '/oauth/introspect': ['POST', 'OPTIONS'],
  '/oauth/revoke': ['POST', 'OPTIONS'],
  '/.well-known/oauth-authorization-server': ['GET', 'HEAD', 'OPTIONS'],
  '/.well-known/jwks.json': ['GET', 'HEAD', 'OPTIONS'],
  '/.well-known/webauthn': ['GET', 'HEAD', 'OPTIONS'],
  '/healthz': ['GET', 'HEAD', 'OPTIONS'],
  '/readyz': ['GET', 'HEAD', 'OPTIONS'],
  '/openapi.json': ['GET', 'HEAD', 'OPTIONS'],
  '/docs': ['GET', 'HEAD', 'OPTIONS'],
  '/docs/errors': ['GET', 'HEAD', 'OPTIONS'],
};

/** Gateways ask it with the method of the request they hold. */
const TAKES_ANY_METHOD = '/verify';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'PURGE'];

onOneDatabase((kind) => {
  describe('A known path with a wrong method', () => {
    const app = useApp(kind);

    async function send(method: string, path: string) {
      const request = httpRequest(app.url + path, { method });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const allow = response.headers.allow?.split(', ').sort();
      return { status: response.statusCode, headers: response.headers, allow, text: await text(response) };
    }

    it('answers 405 with a problem document and Allow', async () => {
      const response = await app.put('/me').send({}).expect(405);

      expect(response.type).toBe('application/problem+json');
      expect(response.headers.allow?.split(', ')).toEqual(expect.arrayContaining(['GET', 'PATCH', 'DELETE']));
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#method_not_allowed`,
        title: 'This path does not take this method',
        status: 405,
        detail: expect.any(String),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'method_not_allowed',
      });
    });

    it('answers 405 on every path of the document, which are the ones listed here', async () => {
      const { body } = await app.get('/openapi.json').expect(200);

      expect(Object.keys(body.paths).sort()).toEqual([...Object.keys(ALLOWED), TAKES_ANY_METHOD].sort());
    });

    it.each(Object.keys(ALLOWED))(
      'answers 405 at %s to every method that Allow does not list',
      async (path) => {
        const allowed = ALLOWED[path] ?? [];

        for (const method of METHODS.filter((candidate) => !allowed.includes(candidate))) {
          const { status, headers, allow, text } = await send(method, path);

          expect({ method, status, allow }).toEqual({ method, status: 405, allow: [...allowed].sort() });
          if (method === 'HEAD') expect(text).toBe('');
          else expect(JSON.parse(text)).toMatchObject({ status: 405, code: 'method_not_allowed' });
          expect(headers['content-type']).toMatch(/^application\/problem\+json/);
        }
      },
    );

    it.each(Object.keys(ALLOWED))('does not answer 405 at %s to a method that Allow lists', async (path) => {
      for (const method of ALLOWED[path] ?? []) {
        const { status } = await send(method, path);

        expect({ method, status }).not.toEqual({ method, status: 405 });
      }
    });

    it.each(Object.keys(ALLOWED))('answers 204 with Allow to OPTIONS at %s', async (path) => {
      const { status, headers, allow, text } = await send('OPTIONS', path);

      expect({ status, allow, text }).toEqual({
        status: 204,
        allow: [...(ALLOWED[path] ?? [])].sort(),
        text: '',
      });
      expect(headers).not.toHaveProperty('content-type');
    });

    it('answers 405 before it looks for a token', async () => {
      const response = await app.put('/me').send({}).expect(405);

      expect(response.headers).not.toHaveProperty('www-authenticate');
    });

    it('answers 405 to a method override in a header or the query, which is never read', async () => {
      const { token, password } = await signUp(app);

      await app
        .post('/me?_method=DELETE')
        .auth(token, { type: 'bearer' })
        .set('X-HTTP-Method-Override', 'DELETE')
        .send({ password })
        .expect(405);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });
  });
});
