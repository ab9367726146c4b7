import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type TestApp, useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';
import { parseMetrics, sumOf, valuesOf } from '../support/scrape.ts';

const COUNT = 'http_request_duration_seconds_count';

describe('The labels of GET /metrics', () => {
  const app = useApp('SQLite', { CORS_ORIGINS: 'https://app.example.com' });

  it('name routes by their pattern, never by the path as it was sent', async () => {
    const { token } = await signUp(app);
    const withToken = { Authorization: `Bearer ${token}` };
    await app.delete(`/sessions/${randomUUID()}`).set(withToken).expect(404);
    await request(app.url).get('/verify/admin/secret-of-somebody').set(withToken).expect(200);
    await request(app.url).post('/verify/some/other').expect(401);
    await app.get('/docs').expect(200);
    await request(app.url).get('/docs/swagger-ui.css').expect(200);
    await app.get('/readyz?token=in-a-query').expect(200);

    const text = await app.scrape();

    expect(sumOf(text, COUNT, { method: 'DELETE', route: '/sessions/:id', status: '404' })).toBe(1);
    expect(sumOf(text, COUNT, { route: '/verify' })).toBe(2);
    expect(sumOf(text, COUNT, { route: '/docs/swagger-ui.css' })).toBe(1);
    expect(sumOf(text, COUNT, { route: '/readyz' })).toBe(1);
    expect(text).not.toMatch(/secret-of-somebody|some\/other|in-a-query/);
  });

  it('stay as few as they are, whatever paths, methods, statuses and hosts clients make up', async () => {
    await requestOnce(app, 'GET', '/unknown');
    await requestOnce(app, 'PROPFIND', '/unknown');
    const before = seriesOf(await app.scrape());

    // Other methods than these never reach us: Node refuses what its parser does not know.
    const methods = [
      'GET',
      'POST',
      'PUT',
      'DELETE',
      'PROPFIND',
      'MKCOL',
      'PURGE',
      'LINK',
      'TRACE',
      'M-SEARCH',
    ];
    for (let sent = 0; sent < 500; sent++) {
      const path = `/${randomBytes(6).toString('hex')}/${randomUUID()}?q=${sent}`;
      await requestOnce(app, methods[sent % methods.length] ?? '', sent % 2 ? path : `/sessions${path}`);
    }
    const text = await app.scrape();

    const added = [...seriesOf(text)].filter((series) => !before.has(series));
    // POST, PUT and DELETE beside the GET and the other method that were there.
    expect(added.length).toBeLessThanOrEqual(3);
    expect(valuesOf(text, COUNT, 'method')).not.toContain('PROPFIND');
    expect(sumOf(text, COUNT, { method: 'other', route: 'none' })).toBe(1 + 300);
  });

  it('never hold an unknown method, a preflight or a request that cannot be read', async () => {
    await requestOnce(app, 'BREW', '/me');
    await app.options('/me').set({
      Origin: 'https://app.example.com',
      'Access-Control-Request-Method': `X${randomUUID()}`,
    });
    await app.post('/login').set('Content-Type', 'application/json').send('{').expect(400);

    const text = await app.scrape();

    const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'];
    expect([...valuesOf(text, COUNT, 'method')].filter((method) => !known.includes(String(method)))).toEqual(
      [],
    );
    expect(
      [...valuesOf(text, COUNT, 'status')].filter((status) => !/^[2-5]\d\d$/.test(String(status))),
    ).toEqual([]);
  });
});

function seriesOf(text: string): Set<string> {
  const counts = parseMetrics(text).filter((sample) => sample.name === COUNT);
  return new Set(counts.map(({ labels }) => JSON.stringify(labels)));
}

/** Written by hand, since no client sends just any method. */
async function requestOnce(app: TestApp, method: string, path: string): Promise<void> {
  const socket = connect(app.port, '127.0.0.1');
  socket.end(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  socket.resume();
  await once(socket, 'close');
}
