import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '../../src/app.ts';
import { ERRORS, FIELD_ERRORS } from '../../src/core/errors.ts';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';

/** The values of the attributes that make a browser load something. */
function references(html: string): string[] {
  const links = [...html.matchAll(/\s(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? '');
  return links.filter((link) => !link.startsWith('data:'));
}

onEachDatabase((kind) => {
  describe('GET /docs', () => {
    const app = useApp(kind);

    it('answers 200 with a page that nothing may frame and that runs scripts of this server alone', async () => {
      const response = await app.get('/docs').expect(200);

      expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(response.headers).toMatchObject({
        'content-security-policy':
          "default-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      });
      expect(response.text).toMatch(/^<!doctype html>/);
    });

    it('answers 200 with no inline script, which its own policy would block', async () => {
      const { text } = await app.get('/docs').expect(200);

      const scripts = text.match(/<script[^>]*>[^<]*<\/script>/g) ?? [];
      expect(scripts.length).toBeGreaterThan(0);
      for (const script of scripts) expect(script).toMatch(/^<script src="[^"]+"><\/script>$/);
      expect(text).not.toMatch(/\son\w+=/);
    });

    it('answers 200 with no URL of another host', async () => {
      const { text } = await app.get('/docs').expect(200);

      expect(references(text).length).toBeGreaterThan(0);
      expect(text).not.toMatch(/(?:https?:)?\/\//);
    });

    it('answers 200 with scripts and styles that are all there', async () => {
      const page = await fetch(`${app.url}/docs`);
      expect(page.status).toBe(200);

      for (const reference of references(await page.text())) {
        const url = new URL(reference, page.url);
        const asset = await fetch(url);
        const type = url.pathname.endsWith('.css') ? 'text/css' : 'text/javascript';
        expect({ url: url.pathname, status: asset.status }).toEqual({ url: url.pathname, status: 200 });
        expect(asset.headers.get('content-type')).toMatch(new RegExp(`^${type}`));
        expect((await asset.text()).length).toBeGreaterThan(100);
      }
    });

    it.each(['https://example.com/docs', 'https://example.com/auth/docs'])(
      'answers 200 with links that hold where the page is %s, behind a proxy with a path or without',
      async (page) => {
        const { text } = await app.get('/docs').expect(200);
        const start = await (await fetch(`${app.url}/docs/start.js`)).text();
        const base = page.replace(/docs$/, '');

        for (const reference of references(text)) {
          expect(new URL(reference, page).href).toBe(`${base}docs/${reference.split('/').at(-1)}`);
        }
        const document = /url: '([^']+)'/.exec(start)?.[1] ?? '';
        expect(new URL(document, page).href).toBe(`${base}openapi.json`);
      },
    );

    it('answers 200 with the script that starts it, which sends nothing to a validator elsewhere', async () => {
      const start = await (await fetch(`${app.url}/docs/start.js`)).text();

      expect(start).toMatch(/validatorUrl: null/);
      expect(start).not.toMatch(/https?:/);
    });

    it('answers 200 with its operations closed, and keeps the token over a reload', async () => {
      const start = await (await fetch(`${app.url}/docs/start.js`)).text();

      expect(start).toMatch(/docExpansion: 'none'/);
      expect(start).toMatch(/persistAuthorization: true/);
    });

    it('answers 200 with the tags in the order of their use: accounts and logins, codes, passkeys, providers, second factors, sessions', async () => {
      const { body } = await app.get('/openapi.json').expect(200);
      const operations = Object.values<Record<string, { tags: string[] }>>(body.paths).flatMap(Object.values);

      expect([...new Set(operations.map(({ tags }) => tags[0]))].slice(0, 6)).toEqual([
        ...['Accounts', 'Codes and links', 'Passkeys', 'Sign-in by providers', 'Second factors', 'Sessions'],
      ]);
    });

    it('answers 200 with its large script for a day in the cache', async () => {
      const response = await fetch(`${app.url}/docs/swagger-ui-bundle.js`, { method: 'HEAD' });

      expect(response.headers.get('cache-control')).toBe('public, max-age=86400');
    });

    const FIXED = ['/openapi.json', '/docs', '/docs/errors', '/docs/start.js', '/docs/swagger-ui-bundle.js'];

    it.each(FIXED)(
      'sends %s compressed to clients that take that, each variant under an ETag',
      async (path) => {
        const bare = await raw(path, {});
        const zipped = await raw(path, { 'Accept-Encoding': 'gzip' });
        const best = await raw(path, { 'Accept-Encoding': 'gzip, deflate, br' });
        const refused = await raw(path, { 'Accept-Encoding': 'br;q=0, gzip;q=0' });

        expect(gunzipSync(zipped.bytes).equals(bare.bytes)).toBe(true);
        expect(brotliDecompressSync(best.bytes).equals(bare.bytes)).toBe(true);
        expect(refused.bytes.equals(bare.bytes)).toBe(true);
        expect([bare, zipped, best].map(({ headers }) => headers['content-encoding'])).toEqual([
          ...[undefined, 'gzip', 'br'],
        ]);
        expect(new Set([bare, zipped, best].map(({ headers }) => headers.etag)).size).toBe(3);
        expect(best.headers.vary).toContain('Accept-Encoding');
      },
    );

    it.each(FIXED)('answers 304 without a body at %s where the client has it already', async (path) => {
      const { headers } = await raw(path, { 'Accept-Encoding': 'br' });
      const ask = (tag: string) => raw(path, { 'Accept-Encoding': 'br', 'If-None-Match': tag });

      for (const tag of [headers.etag ?? '', `"other", W/${headers.etag}`]) {
        const again = await ask(tag);
        expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, headers.etag]);
      }
      expect((await ask('"other"')).status).toBe(200);
    });

    async function raw(path: string, headers: Record<string, string>) {
      const request = httpRequest({ host: '127.0.0.1', port: app.port, path, headers, agent: false });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      return { status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) };
    }

    it('serves no other file of the package, nor any above it', async () => {
      for (const path of [
        '/docs/',
        '/docs/index.html',
        '/docs/package.json',
        '/docs/swagger-initializer.js',
        '/docs/swagger-ui.css.map',
        '/docs/../package.json',
        '/docs/..%2fpackage.json',
        '/docs/%2e%2e/package.json',
        '/docs/swagger-ui.css/../package.json',
      ]) {
        const request = httpRequest({ host: '127.0.0.1', port: app.port, path });
        request.end();
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        response.resume();
        expect({ path, status: response.statusCode }).toEqual({ path, status: 404 });
      }
    });
  });

  describe('GET /docs/errors', () => {
    const app = useApp(kind);

    it('answers 200 with one section for each code, so that the type of a problem leads to it', async () => {
      const response = await app.get('/docs/errors').expect(200);

      expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(response.headers['content-security-policy']).toMatch(/^default-src 'self';/);
      const ids = [...response.text.matchAll(/<(?:h3|dt) id="([^"]+)"/g)].map((match) => match[1]);
      expect(ids.sort()).toEqual([...Object.keys(ERRORS), ...Object.keys(FIELD_ERRORS)].sort());
    });

    it('answers 200 with the codes by topic, a list of the topics, and a link at each to itself', async () => {
      const { text } = await app.get('/docs/errors').expect(200);

      const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
      expect(new Set(ids).size).toBe(ids.length);
      const anchors = [...text.matchAll(/\shref="#([^"]+)"/g)].map((match) => match[1]);
      expect([...anchors].sort()).toEqual([...ids].sort());
      const topics = [...text.matchAll(/<h2 id="([^"]+)"/g)].map((match) => match[1]);
      expect(anchors.slice(0, topics.length)).toEqual(topics);
      for (const section of text.split('<section>').slice(1)) expect(section).toMatch(/<(?:h3|dt) id=/);
    });

    it('answers 200 with a style that is there', async () => {
      const page = await fetch(`${app.url}/docs/errors`);
      const styles = references(await page.text()).filter((link) => link.endsWith('.css'));
      const style = await fetch(new URL(styles[0] ?? '', page.url));

      expect(styles).toHaveLength(1);
      expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
    });

    it('answers 200 under the URL that a problem names', async () => {
      const { body } = await app.get('/me').expect(401);
      expect(body.type).toBe(`${PUBLIC_URL}/docs/errors#${body.code}`);
      const { pathname, hash } = new URL(body.type);

      const { text } = await app.get(pathname).expect(200);

      expect(text).toContain(`id="${hash.slice(1)}"`);
    });

    it('answers 200 with no URL of another host', async () => {
      const { text } = await app.get('/docs/errors').expect(200);

      expect(text).not.toMatch(/(?:https?:)?\/\//);
    });
  });

  describe('POST /', () => {
    const app = useApp(kind);

    it('answers 405 with the methods that there are', async () => {
      const { headers, body } = await app.post('/').expect(405);

      expect([headers.allow, body.code]).toEqual(['GET, HEAD, OPTIONS', 'method_not_allowed']);
    });
  });

  describe('With DOCS=off', () => {
    const app = useApp(kind, { DOCS: 'off' });

    it.each(['/docs', '/docs/errors', '/docs/start.js', '/docs/pages.css', '/docs/swagger-ui-bundle.js'])(
      'the page %s is not there, for a browser either',
      async (path) => {
        await app.get(path).set('Accept', 'text/html').expect(404);
      },
    );

    it('leaves no file of the pages, and keeps the document and the type of problems', async () => {
      const paths = allRoutes().map((route) => route.path);
      for (const path of paths.filter((one) => one.startsWith('/docs'))) await app.get(path).expect(404);

      await app.get('/openapi.json').expect(200);
      const { body } = await app.get('/me').expect(401);
      expect(body.type).toBe(`${PUBLIC_URL}/docs/errors#token_missing`);
    });
  });
});
