import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';

onEachDatabase((kind) => {
  describe('A path that is unknown', () => {
    const app = useApp(kind);

    /** Sends the path as it stands; client libraries tidy it up. */
    async function getRaw(path: string) {
      const request = httpRequest({ host: '127.0.0.1', port: app.port, path });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return { status: response.statusCode, headers: response.headers, text: await text(response) };
    }

    it('answers 404 with a problem document', async () => {
      const response = await app.get('/nowhere').expect(404);

      expect(response.type).toBe('application/problem+json');
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#not_found`,
        title: 'There is nothing at this path',
        status: 404,
        detail: expect.any(String),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'not_found',
      });
    });

    it.each(['post', 'put', 'patch', 'delete'] as const)('answers 404 to the method %s', async (method) => {
      const response = await app[method]('/nowhere').send({ any: 'body' }).expect(404);

      expect(response.body.code).toBe('not_found');
      expect(response.headers).not.toHaveProperty('allow');
    });

    it.each(['post', 'put', 'patch', 'delete'] as const)(
      'answers 404 to the method %s without a body',
      async (method) => {
        const response = await app[method]('/nowhere').expect(404);

        expect(response.body.code).toBe('not_found');
      },
    );

    it('answers 404 to HEAD, without a body', async () => {
      const response = await fetch(`${app.url}/nowhere`, { method: 'HEAD' });

      expect(response.status).toBe(404);
      expect(await response.text()).toBe('');
    });

    it('answers 404 to OPTIONS', async () => {
      const response = await app.options('/nowhere').expect(404);

      expect(response.type).toBe('application/problem+json');
      expect(response.headers).not.toHaveProperty('allow');
    });

    it('answers 404 without a token, since it needs none to be unknown', async () => {
      const response = await app.get('/me/unknown').expect(404);

      expect(response.headers).not.toHaveProperty('www-authenticate');
    });

    // A proxy's rule for /admin/ has to hold for every spelling that is answered.
    it.each([
      '/HEALTHZ',
      '/healthz/',
      '//healthz',
      '/Verify',
      '/ADMIN/users',
      '/admin/Users',
      '/admin//users',
      '/admin/users/',
      '/docs/',
      '/.well-known/JWKS.json',
    ])('answers 404 to %s, which is another spelling of one that is known', async (path) => {
      expect(await getRaw(path)).toMatchObject({ status: 404 });
    });

    it.each([
      '/',
      '//',
      '/signup/extra',
      '/login.php',
      '/me/../../etc/passwd',
      '/..%2f..%2fetc%2fpasswd',
      '/%2e%2e/package.json',
      '/package.json',
      '/.env',
      '/.git/config',
      '/src/app.ts',
      '/data/jwt-secret',
      '/%',
      '/%ff%fe',
      '/%00',
      '/__proto__',
      '/constructor',
      '/<script>alert(1)</script>',
      `/${'a'.repeat(100)}`,
      '/nowhere?access_token=x&a[b]=c&a[b]=d',
    ])('answers 404 at %s, and the answer repeats no part of the path', async (path) => {
      const { status, headers, text } = await getRaw(path);

      expect(status).toBe(404);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(text).not.toMatch(/script|passwd|%2f|a{9}|node_modules|\/work|\.ts/);
      expect(JSON.parse(text)).toMatchObject({ status: 404, code: 'not_found' });
    });
  });
});
