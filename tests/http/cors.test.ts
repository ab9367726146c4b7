import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const APP = 'https://app.example.com';
const ADMIN = 'https://admin.example.org:8443';

/** What production asks for, with the database of the suite. */
const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI',
  BCRYPT_COST: '10',
};
/** The names by which a browser reaches its own host. */
const OWN_HOST = [
  'http://localhost:5173',
  'http://localhost',
  'https://localhost:8443',
  'http://127.0.0.1:5173',
  'http://[::1]:65535',
];

function corsHeaders(headers: Record<string, string>): string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'));
}

function preflight(app: TestApp, path: string, origin: string) {
  return app
    .options(path)
    .set('Origin', origin)
    .set('Access-Control-Request-Method', 'PATCH')
    .set('Access-Control-Request-Headers', 'authorization,content-type');
}

onEachDatabase((kind) => {
  describe('CORS without CORS_ORIGINS', () => {
    const app = useApp(kind, PRODUCTION);

    it('lets no page of another origin read an answer', async () => {
      const { token } = await signUp(app);

      for (const origin of [APP, ADMIN, ...OWN_HOST, 'null', app.url]) {
        const response = await app
          .get('/me')
          .auth(token, { type: 'bearer' })
          .set('Origin', origin)
          .expect(200);
        expect(corsHeaders(response.headers)).toEqual([]);
      }
    });

    it('grants no preflight', async () => {
      const response = await preflight(app, '/me', APP);

      expect(corsHeaders(response.headers)).toEqual([]);
    });
  });

  describe('CORS with CORS_ORIGINS', () => {
    const app = useApp(kind, { CORS_ORIGINS: `${APP},${ADMIN}` });

    it.each([APP, ADMIN])('lets pages of %s read answers, and says that they vary', async (origin) => {
      const { token } = await signUp(app);

      const response = await app.get('/me').auth(token, { type: 'bearer' }).set('Origin', origin).expect(200);

      expect(response.headers).toMatchObject({
        'access-control-allow-origin': origin,
        vary: expect.stringContaining('Origin'),
      });
    });

    it('lets them read refusals too, with the headers that explain those', async () => {
      for (const path of ['/me', '/nowhere']) {
        const response = await app.get(path).set('Origin', APP);

        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.headers).toMatchObject({ 'access-control-allow-origin': APP });
        expect(response.headers['access-control-expose-headers']?.split(',').sort()).toEqual([
          'Date',
          'Location',
          'RateLimit',
          'RateLimit-Policy',
          'Retry-After',
          'WWW-Authenticate',
          'X-Request-Id',
        ]);
      }
    });

    it('lets them read the refusal of a body that was never parsed', async () => {
      for (const send of [
        app.post('/login').type('json').send('{'),
        app.post('/login').type('text').send('{}'),
      ]) {
        const response = await send.set('Origin', APP);

        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.headers).toMatchObject({ 'access-control-allow-origin': APP });
      }
    });

    it.each([
      'null',
      'https://evil.example',
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com.evil.example',
      'https://evil-app.example.com',
      'https://sub.app.example.com',
      'https://app.example.com/',
      'HTTPS://APP.EXAMPLE.COM',
      'https://app_example.com',
      'http://localhost.example.com',
      'http://localhost:5173.evil.example',
      'http://127.0.0.1.evil.example',
      'http://127.0.0.2:5173',
      'http://evil-localhost',
      'http://sub.localhost:5173',
      'http://[::2]:5173',
      'file://localhost',
      `${APP},${ADMIN}`,
      `${APP} ${ADMIN}`,
      '*',
      '',
    ])('lets no page of %j read an answer or send one with a preflight', async (origin) => {
      const answer = await app.get('/healthz').set('Origin', origin).expect(200);
      const grant = await preflight(app, '/me', origin);

      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.headers.vary).toContain('Origin');
      expect(grant.headers).not.toHaveProperty('access-control-allow-origin');
    });

    it.each(OWN_HOST)('lets pages of %s call, since this is not production', async (origin) => {
      const answer = await app.get('/healthz').set('Origin', origin).expect(200);
      const grant = await preflight(app, '/me', origin).expect(204);

      for (const { headers } of [answer, grant]) {
        expect(headers).toMatchObject({
          'access-control-allow-origin': origin,
          vary: expect.stringContaining('Origin'),
        });
      }
    });

    it('grants a preflight for the methods and headers of this API, for ten minutes', async () => {
      const response = await preflight(app, '/me', APP).expect(204);

      expect(response.headers).toMatchObject({
        'access-control-allow-origin': APP,
        'access-control-max-age': '600',
      });
      expect(response.headers['access-control-allow-methods']?.split(',')).toEqual(
        expect.arrayContaining(['GET', 'POST', 'PATCH', 'DELETE']),
      );
      expect(response.headers['access-control-allow-headers']?.toLowerCase().split(',')).toEqual(
        expect.arrayContaining(['authorization', 'content-type']),
      );
      expect(response.text).toBe('');
    });

    it('lets pages of the listed origins alone send cookies along', async () => {
      for (const [origin, answer] of [
        [APP, 'true'],
        ['https://evil.example.net', undefined],
      ]) {
        const called = await app.get('/healthz').set('Origin', String(origin));
        const asked = await preflight(app, '/me', String(origin));
        for (const { headers } of [called, asked])
          expect(headers['access-control-allow-credentials']).toBe(answer);
      }
    });

    it('says that answers vary to callers without an origin, whose copy a cache might hand out', async () => {
      const response = await app.get('/healthz').expect(200);

      expect(response.headers).not.toHaveProperty('access-control-allow-origin');
      expect(response.headers.vary).toContain('Origin');
    });

    it('takes an OPTIONS for a preflight only where it has an origin and names a method', async () => {
      for (const headers of [{}, { Origin: APP }, { 'Access-Control-Request-Method': 'GET' }]) {
        const response = await app.options('/me').set(headers).expect(204);

        expect(response.headers.allow).toBe('GET, HEAD, PATCH, DELETE, OPTIONS');
        expect(response.headers).not.toHaveProperty('access-control-allow-methods');
      }
    });
  });

  describe('CORS with https://*.example.com and http://*.apps.example.org:8080 in production', () => {
    const app = useApp(kind, {
      ...PRODUCTION,
      CORS_ORIGINS: 'https://*.example.com,http://*.apps.example.org:8080',
    });

    it.each([
      'https://app.example.com',
      'https://a.example.com',
      'https://pr-17_b.example.com',
      'https://xn--bcher-kva.example.com',
      'http://one.apps.example.org:8080',
    ])('lets pages of %s read answers and send preflights', async (origin) => {
      const answer = await app.get('/healthz').set('Origin', origin).expect(200);
      const grant = await preflight(app, '/me', origin).expect(204);

      for (const { headers } of [answer, grant]) {
        expect(headers).toMatchObject({
          'access-control-allow-origin': origin,
          vary: expect.stringContaining('Origin'),
        });
      }
    });

    it.each([
      'null',
      'https://example.com',
      'https://.example.com',
      'https://*.example.com',
      'https://a.b.example.com',
      'https://example.com.evil.com',
      'https://a.example.com.evil.com',
      'https://evil.com/.example.com',
      'https://evil.com#.example.com',
      'https://evil.com?.example.com',
      'https://evil.com:1.example.com',
      'https://ada@.example.com',
      'https://-a.example.com',
      'https://A.example.com',
      'https://a.EXAMPLE.com',
      'https://a.example.com:443',
      'https://a.example.com:8443',
      'https://a.example.com/',
      'http://a.example.com',
      'https://notexample.com',
      'https://aexample.com',
      'http://one.apps.example.org',
      'http://apps.example.org:8080',
      ...OWN_HOST,
    ])('lets no page of %j do so', async (origin) => {
      const answer = await app.get('/healthz').set('Origin', origin).expect(200);
      const grant = await preflight(app, '/me', origin).expect(204);

      for (const { headers } of [answer, grant]) {
        expect(corsHeaders(headers)).toEqual([]);
        expect(headers.vary).toContain('Origin');
      }
    });
  });

  describe('An origin that is refused', () => {
    const app = useApp(kind, { CORS_ORIGINS: APP });
    const EVIL = 'https://evil.example';
    const refusals = (origin: string) =>
      app.logs.entries().filter(({ msg }) => msg === `origin ${origin} is not in CORS_ORIGINS`);

    it('is named in the log once a minute, whether by a preflight or by a request', async () => {
      await preflight(app, '/me', EVIL);
      await app.get('/healthz').set('Origin', EVIL);
      await app.get('/nowhere').set('Origin', EVIL);
      expect(refusals(EVIL)).toMatchObject([{ level: 40, origin: EVIL }]);

      app.clock.advanceSeconds(59);
      await app.get('/healthz').set('Origin', EVIL);
      expect(refusals(EVIL)).toHaveLength(1);
      app.clock.advanceSeconds(2);
      await app.get('/healthz').set('Origin', EVIL);
      expect(refusals(EVIL)).toHaveLength(2);
    });

    it('is not one that may call, nor the own origin of the service, which browsers name too', async () => {
      const before = app.logs.lines.length;
      for (const origin of [APP, ...OWN_HOST, 'https://auth.example.com', app.url]) {
        await app.get('/healthz').set('Origin', origin);
      }

      const said = app.logs.entries().slice(before);
      expect(said.filter(({ msg }) => String(msg).includes('CORS_ORIGINS'))).toEqual([]);
    });

    it('neither floods the log nor the memory, however many are invented', async () => {
      app.clock.advanceSeconds(61);
      const before = app.logs.lines.length;
      const invented = Array.from({ length: 150 }, (_, index) => `https://evil-${index}.example`);
      const noOrigins = [`https://${'x'.repeat(400)}.example`, 'garbage', 'https://a.example/path', '*'];
      for (const origin of [...invented, ...noOrigins, 'https://late.example']) {
        await app.get('/healthz').set('Origin', origin);
      }

      const said = app.logs.entries().slice(before);
      expect(said.filter(({ msg }) => String(msg).includes('CORS_ORIGINS'))).toHaveLength(100);
      expect(refusals('https://late.example')).toHaveLength(0);
      app.clock.advanceSeconds(61);
      await app.get('/healthz').set('Origin', 'https://late.example');
      expect(refusals('https://late.example')).toHaveLength(1);
    });
  });

  describe('GET /verify and what gateways make of it, with CORS_ORIGINS', () => {
    const app = useApp(kind, { CORS_ORIGINS: APP });

    it.each(['/verify', '/verify/', '/verify/orders/1', '/verify?path=/orders'])(
      'lets no preflight pass at %s without a token, which a gateway would take for a request that may',
      async (path) => {
        const response = await preflight(app, path, APP);

        expect(response.status).toBe(401);
        expect(corsHeaders(response.headers)).toEqual([]);
      },
    );

    it('answers no preflight at a path that is not there, as a gateway would ask at with a typing error', async () => {
      const response = await preflight(app, '/VERIFY/orders', APP);

      expect(response.status).toBe(404);
    });

    it('answers a preflight with a good token as every request with one', async () => {
      const { id, token } = await signUp(app);

      const response = await preflight(app, '/verify/orders', APP).auth(token, { type: 'bearer' });

      expect(response.status).toBe(200);
      expect(response.headers).toMatchObject({ 'x-auth-subject': id });
      expect(corsHeaders(response.headers)).toEqual([]);
    });
  });

  describe('A request with conditions', () => {
    const app = useApp(kind, { CORS_ORIGINS: APP });
    const now = new Date().toUTCString();

    it.each<[field: string, value: string]>([
      ['If-None-Match', '*'],
      ['If-None-Match', '"x", *'],
      ['If-Modified-Since', now],
      ['If-Match', '"x"'],
      ['If-Unmodified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
      ['Range', 'bytes=0-1'],
      ['If-Range', '"x"'],
    ])('is answered in full where it came with a credential: %s: %s', async (field, value) => {
      const { token } = await signUp(app);

      for (const path of ['/verify', '/verify/orders', '/me', '/sessions', '/api-keys', '/me/activity']) {
        for (const origin of [{}, { Origin: APP }]) {
          const headers = { Authorization: `Bearer ${token}`, [field]: value, ...origin };
          const got = await fetch(app.url + path, { headers });
          const head = await fetch(app.url + path, { method: 'HEAD', headers });

          expect({ path, got: got.status, head: head.status }).toEqual({ path, got: 200, head: 200 });
          expect(Object.keys((await got.json()) as object).length).toBeGreaterThan(0);
        }
      }
    });

    it('says nothing new where no cache keeps the answer', async () => {
      for (const path of ['/healthz', '/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
        const response = await app.get(path).set('If-None-Match', '*').expect(200);

        expect(response.headers).not.toHaveProperty('etag');
      }
    });
  });
});
