import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { aPerson, signUp } from '../support/people.ts';
import { readUntil, requestTo } from '../support/pipelining.ts';

const IMPORT = '/admin/users/import';

describe('A body', () => {
  const app = useApp('SQLite');

  async function open() {
    const socket = connect(app.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  function head(method: string, path: string, headers: Record<string, string | number>): string {
    const lines = Object.entries({ Host: 'a', 'Content-Type': 'application/json', ...headers });
    return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  }

  async function answerTo(bytes: string): Promise<string> {
    const socket = await open();
    socket.write(bytes);
    const answer = await text(socket);
    return answer;
  }

  it.each([
    ['a route that wants a credential first', 'POST', IMPORT, 401],
    ['a route that wants less', 'POST', '/refresh', 413],
    ['a route that wants none', 'GET', '/healthz', 200],
  ])('that goes on without end is cut off after the answer of %s', async (_whose, method, path, status) => {
    const socket = await open();
    socket.write(head(method, path, { 'Content-Length': 10_000_000_000 }));
    const answer = text(socket).catch(() => '');
    const closed = once(socket, 'close');
    let isClosed = false;
    closed.then(() => {
      isClosed = true;
    });
    while (!isClosed) {
      const isRoom = socket.write(Buffer.alloc(65_536, ' '));
      await (isRoom ? new Promise(setImmediate) : Promise.race([once(socket, 'drain'), closed]));
    }

    // A second one would be that of the time limit for the whole request.
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
  });

  it('that is small and not wanted does not cost the connection', async () => {
    const socket = await open();
    const unwanted = 'x'.repeat(5_000);
    socket.write(
      head('GET', '/healthz', { 'Content-Length': unwanted.length }) + unwanted + requestTo('/verify'),
    );

    expect(await readUntil(socket, 'token_missing')).toMatch(/"ok"[\s\S]*token_missing/);
    socket.destroy();
  });

  it('that is compressed is 413 over the limit as it arrives, whatever it decompresses to', async () => {
    const { token } = await anAdmin(app);
    const empty = Buffer.concat(Array(500_000).fill(Buffer.from([0, 0, 0, 0xff, 0xff])));
    const gzip = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), empty]);
    const socket = await open();
    const answer = readUntil(socket, '}');
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Encoding': 'gzip',
      'Transfer-Encoding': 'chunked',
    };
    socket.write(head('POST', IMPORT, headers));
    for (let at = 0; at < gzip.length; at += 50_000) {
      const piece = gzip.subarray(at, at + 50_000);
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      socket.write('\r\n');
    }

    expect(await answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*must not exceed 2 MB/);
    socket.destroy();
  });

  it('that waits to be invited is not where the request is refused without it', async () => {
    const waiting = { Expect: '100-continue', 'Content-Length': 10, Connection: 'close' };

    expect(await answerTo(head('POST', IMPORT, waiting))).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('that waits to be invited is where it is wanted', async () => {
    const { email, password } = await signUp(app, aPerson());
    const content = JSON.stringify({ email, password });
    const socket = await open();
    const answer = readUntil(socket, 'access_token');
    socket.write(head('POST', '/login', { Expect: '100-Continue', 'Content-Length': content.length }));
    await once(socket, 'data');
    socket.write(content);

    expect(await answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('behind an upgrade that is not taken up is never read as a request: the connection ends', async () => {
    const upgrade = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    const smuggled = `${' '.repeat(1_500)}${requestTo('/me')}`;

    const answers = await answerTo(
      upgrade + head('POST', '/login', { 'Content-Length': smuggled.length }) + smuggled,
    );

    expect(answers.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200']);
    expect(answers).toMatch(/^connection: close$/im);
  });
});
