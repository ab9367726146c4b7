import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

onEachDatabase((kind) => {
  describe('X-Request-Id', () => {
    const app = useApp(kind);

    async function sendHeaders(headers: readonly string[]): Promise<string | string[] | undefined> {
      const request = httpRequest(`${app.url}/healthz`, { headers: ['Host', 'localhost', ...headers] });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      return response.headers['x-request-id'];
    }

    /** What the log line of a request tells of who sent it. */
    function requestOf(id: string | string[] | undefined): unknown {
      const lines = app.logs.entries().filter(({ req }) => (req as { id?: unknown } | undefined)?.id === id);
      expect(lines).toHaveLength(1);
      return lines[0]?.req;
    }

    it('is made up for a request that has none, another one each time', async () => {
      const first = await app.get('/healthz').expect(200);
      const second = await app.get('/healthz').expect(200);

      expect(first.headers['x-request-id']).toMatch(UUID);
      expect(second.headers['x-request-id']).toMatch(UUID);
      expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    });

    it.each(['a', 'trace-1.2_3', '0af7651916cd43dd8448eb211c80319c', 'Z'.repeat(128)])(
      "is never the caller's own, such as %s, which stands beside it in the log",
      async (id) => {
        const response = await app.get('/healthz').set('X-Request-Id', id).expect(200);

        const own = response.headers['x-request-id'];
        expect(own).toMatch(UUID);
        expect(requestOf(own)).toEqual({ id: own, client_request_id: id, method: 'GET' });
      },
    );

    it.each([
      '',
      ' ',
      'a b',
      'a,b',
      'a;b',
      '"quoted"',
      '<script>',
      'a/b',
      '{"a":1}',
      'ünal',
      'Z'.repeat(129),
    ])('of a caller that is %j stands nowhere: a log line could not hold it', async (id) => {
      const own = await sendHeaders(['X-Request-Id', Buffer.from(id).toString('latin1')]);

      expect(requestOf(own)).toEqual({ id: own, method: 'GET' });
    });

    it('of a caller that sends two stands nowhere', async () => {
      const own = await sendHeaders(['X-Request-Id', 'first', 'X-Request-Id', 'second']);

      expect(requestOf(own)).toEqual({ id: own, method: 'GET' });
    });

    it('differs for two requests to which a caller gives the same name', async () => {
      const first = await app.get('/healthz').set('X-Request-Id', 'again').expect(200);
      const second = await app.get('/healthz').set('X-Request-Id', first.headers['x-request-id'] ?? '');

      expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    });

    it('names the refusal in its member instance', async () => {
      const response = await app.get('/nowhere').set('X-Request-Id', 'not-this-one').expect(404);

      expect(response.headers['x-request-id']).toMatch(UUID);
      expect(response.body.instance).toBe(`urn:latchkey:request:${response.headers['x-request-id']}`);
      expect(response.text).not.toContain('not-this-one');
    });

    it('is our own where a gateway asks, whose name for the request stands in the log', async () => {
      const { token } = await signUp(app);

      const response = await app
        .get('/verify')
        .auth(token, { type: 'bearer' })
        .set('X-Request-Id', 'of-the-gateway')
        .expect(200);

      const own = response.headers['x-request-id'];
      expect(own).toMatch(UUID);
      expect(requestOf(own)).toEqual({ id: own, client_request_id: 'of-the-gateway', method: 'GET' });
    });

    it('stands in the log line of its request, and so do method, route and status', async () => {
      const response = await app.get('/me?access_token=canary').set('X-Request-Id', 'in-the-log').expect(401);

      const entries = app.logs.entries().filter((entry) => JSON.stringify(entry).includes('in-the-log'));
      expect(entries).toEqual([
        expect.objectContaining({
          level: 30,
          req: { id: response.headers['x-request-id'], client_request_id: 'in-the-log', method: 'GET' },
          route: '/me',
          res: { status: 401 },
          responseTime: expect.any(Number),
        }),
      ]);
    });

    it('stands in the answer to a body that could not be parsed', async () => {
      const response = await app.post('/login').type('json').send('{').expect(400);

      expect(response.headers['x-request-id']).toMatch(UUID);
    });
  });
});
