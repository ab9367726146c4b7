import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('The headers of every answer', () => {
    const app = useApp(kind);

    /** One answer of each kind that there is. */
    async function oneOfEach() {
      const { token } = await signUp(app);
      return [
        await app.get('/healthz').expect(200),
        await app.post('/signup').send(aPerson()).expect(201),
        await app.get('/me').auth(token, { type: 'bearer' }).expect(200),
        await app.post('/signup').send({}).expect(400),
        await app.post('/signup').type('json').send('{').expect(400),
        await app.get('/me').expect(401),
        await app.get('/nowhere').expect(404),
        await app.put('/me').send({}).expect(405),
        await app.post('/signup').type('json').send(' '.repeat(8_193)).expect(413),
        await app.post('/signup').type('text').send('text').expect(415),
      ];
    }

    /** What describes the service is the same for everybody, and may be kept. */
    const documentation = async () => [
      await app.get('/openapi.json').expect(200),
      await app.get('/docs').expect(200),
    ];

    it('forbid to sniff, to frame and to tell where one came from', async () => {
      for (const { headers } of [...(await oneOfEach()), ...(await documentation())]) {
        expect(headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
          'strict-transport-security': expect.stringContaining('max-age='),
          'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        });
      }
    });

    it('forbid to keep what is no documentation', async () => {
      for (const { headers } of await oneOfEach()) expect(headers['cache-control']).toBe('no-store');
      for (const { headers } of await documentation()) expect(headers['cache-control']).toBe('no-cache');
    });

    it('allow a browser to load nothing from an answer that is no page', async () => {
      for (const { headers, type } of await oneOfEach()) {
        if (type === 'text/html') continue;
        expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
      }
    });

    it('do not say what the service is made of', async () => {
      for (const { headers } of await oneOfEach()) {
        expect(headers).not.toHaveProperty('x-powered-by');
        expect(headers).not.toHaveProperty('server');
        expect(headers).not.toHaveProperty('etag');
        expect(headers).not.toHaveProperty('set-cookie');
      }
    });

    it('name the charset and the length', async () => {
      for (const { headers } of [...(await oneOfEach()), ...(await documentation())]) {
        expect(headers['content-type']).toMatch(
          /^(?:application\/json|application\/problem\+json|text\/html); charset=utf-8$/,
        );
        expect(headers['content-length']).toMatch(/^\d+$/);
      }
    });
  });

  describe('HTTP that is broken', () => {
    const app = useApp(kind);

    /** Writes bytes to a socket and reads until the server closes it. */
    async function exchange(bytes: string) {
      const socket = connect(app.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.on('error', () => {});
      socket.write(bytes, 'latin1');
      const answer = await text(socket);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      return { head, body, status: Number(head.split(' ')[1]) };
    }

    function expectProblem({ head, body }: { head: string; body: string }, status: number) {
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} \\S`));
      expect(head).toMatch(/^content-type: application\/problem\+json/im);
      expect(head).toMatch(/^connection: close$/im);
      expect(head).toMatch(new RegExp(`^content-length: ${Buffer.byteLength(body)}$`, 'im'));
      expect(JSON.parse(body)).toMatchObject({
        title: expect.any(String),
        status,
        detail: expect.any(String),
        code: 'invalid_request',
      });
    }

    it.each([
      ['garbage', 'garbage\r\n\r\n'],
      ['an unknown method', 'BREW /me HTTP/1.1\r\nHost: localhost\r\n\r\n'],
      ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n'],
      ['a header without a colon', 'GET /me HTTP/1.1\r\nHost: localhost\r\nNonsense\r\n\r\n'],
      ['a space before the colon', 'GET /me HTTP/1.1\r\nHost : localhost\r\n\r\n'],
      ['a NUL in a header', 'GET /me HTTP/1.1\r\nHost: localhost\r\nX-A: \0\r\n\r\n'],
      ['a length that is no number', 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n'],
      [
        'two lengths, which smuggle a request past a proxy',
        'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x',
      ],
      [
        'a length and chunks, which smuggle a request past a proxy',
        'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
    ])('answers 400 with a problem document: %s', async (_what, bytes) => {
      expectProblem(await exchange(bytes), 400);
    });

    it('answers 400 with the same members as every other problem document', async () => {
      const { body } = await exchange('garbage\r\n\r\n');
      const { body: other } = await app.get('/nowhere').expect(404);

      expect(Object.keys(JSON.parse(body)).sort()).toEqual(Object.keys(other).sort());
    });

    it('answers 400 with a problem document to chunks that are none, after good headers', async () => {
      const answer = await exchange(
        'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
          'Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n',
      );

      expectProblem(answer, 400);
    });

    it('answers 400 with a problem document to HTTP/1.1 without a Host', async () => {
      const { head, body } = await exchange('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n');

      expect(head).toMatch(/^HTTP\/1\.1 400 /);
      expect(head).toMatch(/^content-type: application\/problem\+json/im);
      expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'invalid_request' });
    });

    it.each(['/healthz', '/verify'])(
      'answers 400 with a problem document to two Hosts at %s',
      async (path) => {
        const bytes = `GET ${path} HTTP/1.1\r\nHost: one\r\nhost: two\r\nConnection: close\r\n\r\n`;

        expectProblem(await exchange(bytes), 400);
      },
    );

    it.each(['a, b', '', 'a/b?c', 'a@b'])(
      'answers 400 with a problem document to the Host "%s"',
      async (host) => {
        const bytes = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

        expectProblem(await exchange(bytes), 400);
      },
    );

    it.each(['localhost', 'auth.example.com:8443', '[::1]:3000', 'xn--mnchen-3ya.de', 'my_service'])(
      'answers 200 to the Host "%s"',
      async (host) => {
        const bytes = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

        expect(await exchange(bytes)).toMatchObject({ status: 200 });
      },
    );

    it('answers 400 with a problem document to a version of HTTP that is not spoken here, without a Host', async () => {
      expectProblem(await exchange('GET /healthz HTTP/2.0\r\nConnection: close\r\n\r\n'), 400);
    });

    it('answers 400 with a problem document to a transfer coding that it does not decode', async () => {
      const head =
        'POST /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n';

      expectProblem(await exchange(`${head}Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n\r\n`), 400);
    });

    it.each([101, 2_500])('answers 400 with a problem document to %s headers', async (count) => {
      const headers = 'a:\r\n'.repeat(count - 2);
      const bytes = `GET /healthz HTTP/1.1\r\nHost: one\r\nConnection: close\r\n${headers}\r\n`;

      expectProblem(await exchange(bytes), 400);
    });

    it('passes over an unknown expectation, as RFC 9110 section 10.1.1 allows', async () => {
      const { body, status } = await exchange(
        'GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: the-impossible\r\nConnection: close\r\n\r\n',
      );

      expect(status).toBe(200);
      expect(JSON.parse(body)).toEqual({ status: 'ok' });
    });

    it('answers 431 with a problem document to headers of 17 KB', async () => {
      const answer = await exchange(
        `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`,
      );

      expectProblem(answer, 431);
    });

    it('answers 431 with a problem document to a path of 17 KB', async () => {
      expectProblem(await exchange(`GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`), 431);
    });

    it('says nothing of what it got', async () => {
      const { body } = await exchange('canary /canary HTTP/1.1\r\nX: canary\r\n\r\n');

      expect(body).not.toContain('canary');
    });

    it('leaves the service in good health', async () => {
      await Promise.all(Array.from({ length: 50 }, () => exchange('garbage\r\n\r\n')));

      await app.get('/healthz').expect(200);
    });
  });
});
