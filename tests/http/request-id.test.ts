import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';

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

    it('is made up for a request that has none, another one each time', async () => {
      const first = await app.get('/healthz').expect(200);
      const second = await app.get('/healthz').expect(200);

      expect(first.headers['x-request-id']).toMatch(UUID);
      expect(second.headers['x-request-id']).toMatch(UUID);
      expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    });

    it.each(['a', 'trace-1.2_3', '0af7651916cd43dd8448eb211c80319c', 'Z'.repeat(128)])(
      'is taken from the caller and echoed, such as %s',
      async (id) => {
        const response = await app.get('/healthz').set('X-Request-Id', id).expect(200);

        expect(response.headers['x-request-id']).toBe(id);
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
    ])('is made up for a caller whose own is %j, which a log line could not hold', async (id) => {
      expect(await sendHeaders(['X-Request-Id', Buffer.from(id).toString('latin1')])).toMatch(UUID);
    });

    it('is made up for a caller that sends two', async () => {
      expect(await sendHeaders(['X-Request-Id', 'first', 'X-Request-Id', 'second'])).toMatch(UUID);
    });

    it('names the refusal in its member instance', async () => {
      const response = await app.get('/nowhere').set('X-Request-Id', 'find-me').expect(404);

      expect(response.body.instance).toBe('urn:latchkey:request:find-me');
      expect(response.headers['x-request-id']).toBe('find-me');
    });

    it('stands in the log line of its request, and so do method, route and status', async () => {
      const response = await app.get('/me?access_token=canary').set('X-Request-Id', 'in-the-log').expect(401);

      const entries = app.logs.entries().filter((entry) => JSON.stringify(entry).includes('in-the-log'));
      expect(response.headers['x-request-id']).toBe('in-the-log');
      expect(entries).toEqual([
        expect.objectContaining({
          level: 30,
          req: { id: 'in-the-log', method: 'GET' },
          route: '/me',
          res: { status: 401 },
          responseTime: expect.any(Number),
        }),
      ]);
    });

    it('stands in the answer to a body that could not be parsed', async () => {
      const response = await app
        .post('/login')
        .type('json')
        .set('X-Request-Id', 'broken-body')
        .send('{')
        .expect(400);

      expect(response.headers['x-request-id']).toBe('broken-body');
    });
  });
});
