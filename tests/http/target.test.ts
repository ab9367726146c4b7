import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { sumOf } from '../support/scrape.ts';

/** Sends a target as it is, which clients would tidy up. */
async function ask(app: TestApp, target: string, { method = 'GET', token = '', body = '' } = {}) {
  const socket = connect(app.port, '127.0.0.1');
  await once(socket, 'connect');
  const authorization = token && `Authorization: Bearer ${token}\r\n`;
  const content = body && `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${authorization}${content}\r\n`;
  socket.write(head + body, 'latin1');
  const [answered = '', answer = ''] = (await text(socket)).split('\r\n\r\n');
  const type = /^content-type: ([^;\r]+)/im.exec(answered)?.[1];
  return { status: Number(answered.split(' ')[1]), type, body: answer };
}

describe('The target of a request', () => {
  const app = useApp('SQLite');

  it.each(['/admin\\users', '/admin\\users#', '/admin/users#', '/me#x', '/admin\\users\u00a0', '/me/..\\me'])(
    'names no route where a proxy may read another path in it: %j',
    async (target) => {
      const { token } = await anAdmin(app);

      const answer = await ask(app, target, { token });

      expect([400, 404]).toContain(answer.status);
      expect(answer.type).toBe('application/problem+json');
    },
  );

  it.each(['a://', '*', 'http://'])(
    'is refused where it is no path, with a problem document, a log line and a metric: %s',
    async (target) => {
      const refused = async () =>
        sumOf(await app.scrape(), 'http_request_duration_seconds_count', { status: '400' });
      const before = { refused: await refused(), lines: app.logs.lines.length };

      const answer = await ask(app, target);

      expect(answer).toMatchObject({ status: 400, type: 'application/problem+json' });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid_request' });
      expect(await refused()).toBe(before.refused + 1);
      expect(app.logs.lines.length).toBe(before.lines + 1);
    },
  );

  it.each(['http://auth.example.com/healthz', 'HTTPS://other:8443/healthz?x=1', 'http://[::1]/healthz'])(
    'may be in absolute form: %s',
    async (target) => {
      expect(await ask(app, target)).toMatchObject({ status: 200, type: 'application/json' });
    },
  );

  it('is answered with a problem document where its host is none', async () => {
    expect(await ask(app, 'http://a[b/')).toMatchObject({ status: 404, type: 'application/problem+json' });
  });
});

describe('The target of a login', () => {
  const app = useApp('SQLite', { RATE_LIMIT_LOGIN_IP: '1/60' });

  it('is the same to the limits, whichever its form', async () => {
    const body = JSON.stringify({ email: 'ada@example.com', password: 'canary' });
    const login = (target: string) => ask(app, target, { method: 'POST', body });
    await login('/login');

    expect(await login('/login')).toMatchObject({ status: 429 });
    expect(await login('http://a/login')).toMatchObject({ status: 429 });
    expect(await login('/login#x')).toMatchObject({ status: 400 });
  });
});
