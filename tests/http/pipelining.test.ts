import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createDrain } from '../../src/http/drain.ts';
import { createHttpServer, listen } from '../../src/http/listen.ts';
import { whenOver } from '../../src/http/when-over.ts';
import { useApp } from '../support/app.ts';
import { numberedRequests, readUntil, requestTo, untilStill } from '../support/pipelining.ts';
import { sumOf } from '../support/scrape.ts';
import { eventually, send } from '../support/several-processes.ts';

describe('Requests that come one behind the other on a connection', () => {
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  async function start(listener: RequestListener) {
    const server = createHttpServer(listener, {
      publicUrl: 'https://auth.example.com',
      keepAliveSeconds: 65,
    });
    servers.push(server);
    const { port } = await listen(server, 0, '127.0.0.1');
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    return { server, socket };
  }

  it('are all answered in the order in which they came', async () => {
    const { socket } = await start((req, res) => {
      // Later ones would overtake earlier ones.
      setTimeout(() => res.end(`<${req.url}>`), req.url?.endsWith('0') ? 2 : 0);
    });

    socket.write(numberedRequests(1_000));
    const answers = await readUntil(socket, '</999>');

    const bodies = [...answers.matchAll(/<\/(\d+)>/g)].map(([, number]) => Number(number));
    expect(bodies).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });

  it('are begun one at a time', async () => {
    let underWay = 0;
    let most = 0;
    const { socket } = await start((req, res) => {
      most = Math.max(most, ++underWay);
      setImmediate(() => {
        underWay--;
        res.end(`<${req.url}>`);
      });
    });

    socket.write(numberedRequests(100));
    await readUntil(socket, '</99>');

    expect(most).toBe(1);
  });

  it('are answered with their bodies, however the bytes are cut', async () => {
    const { socket } = await start(async (req, res) => {
      let length = 0;
      for await (const chunk of req) length += chunk.length;
      res.end(`<${length}>`);
    });
    const post = (length: number) =>
      `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
    const chunked =
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n7\r\ndefghij\r\n0\r\n\r\n';

    socket.write(post(5) + post(100_000) + post(0) + chunked);
    const bytes = Buffer.from(post(3) + chunked + post(1_024) + post(2_000));
    for (let at = 0; at < bytes.length; at += 700) {
      socket.write(bytes.subarray(at, at + 700));
      await new Promise(setImmediate);
    }
    const answers = await readUntil(socket, '<2000>');

    expect(answers.match(/<\d+>/g)).toEqual([
      ...['<5>', '<100000>', '<0>', '<10>'],
      ...['<3>', '<10>', '<1024>', '<2000>'],
    ]);
  });

  it('are answered where the body of the one before was not wanted', async () => {
    const { socket } = await start((req, res) => res.end(`<${req.url}>`));
    const body = 'x'.repeat(10_000);

    socket.write(`POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    socket.write(requestTo('/2'));

    expect((await readUntil(socket, '</2>')).match(/<\/\d>/g)).toEqual(['</1>', '</2>']);
  });

  it('are not begun any more once an answer said that it is the last one', async () => {
    const begun: (string | undefined)[] = [];
    const { socket } = await start((req, res) => {
      begun.push(req.url);
      res.setHeader('Connection', 'close').end();
    });

    socket.write(numberedRequests(20));
    socket.resume();
    await once(socket, 'close');

    expect(begun).toEqual(['/0']);
  });

  it('wait while their client reads no answers, and are over when it goes', async () => {
    const largeAnswer = Buffer.alloc(1_000_000);
    let begun = 0;
    let over = 0;
    const { server, socket } = await start((_req, res) => {
      begun++;
      whenOver(res, () => over++);
      res.end(largeAnswer);
    });
    const { drain } = createDrain(server);

    socket.pause();
    socket.write(numberedRequests(1_500));
    await untilStill(() => begun);
    socket.destroy();
    await eventually(
      () => over,
      (count) => count === begun,
    );

    // What fits in the buffers of the two sockets.
    expect(begun).toBeLessThan(20);
    expect(over).toBe(begun);
    // It would not end before the hour is over.
    await drain(3_600_000);
  });

  it('are over when their client goes, also the one that is being answered', async () => {
    let begun = 0;
    let over = 0;
    const { socket } = await start((_req, res) => {
      begun++;
      whenOver(res, () => over++);
    });

    socket.write(numberedRequests(200));
    await eventually(
      () => begun,
      (count) => count > 0,
    );
    socket.destroy();
    await eventually(
      () => over,
      (count) => count > 0,
    );

    expect([begun, over]).toEqual([1, 1]);
  });

  it('keep their answers where garbage comes behind them', async () => {
    const { socket } = await start((req, res) => {
      setTimeout(() => res.end(`<${req.url}>`), 20);
    });

    socket.write(`${requestTo(`/${'a'.repeat(2_000)}`)}GARBAGE\r\n\r\n`);
    const answers = await readUntil(socket, '400 Bad Request');

    expect(answers).toMatch(/^HTTP\/1.1 200 OK[\s\S]*<\/a+>HTTP\/1.1 400 Bad Request/);
  });
});

const METRICS_TOKEN = 'a-token-that-reads-the-metrics';

describe('The service, sent many requests on a connection that reads no answer', () => {
  const app = useApp('SQLite', { METRICS_TOKEN });
  const scrape = async () => (await send(`${app.url}/metrics`, { token: METRICS_TOKEN })).text;
  const countOf = (text: string, route: string) =>
    sumOf(text, 'http_request_duration_seconds_count', { route });
  const openFiles = () => readdirSync('/proc/self/fd').length;

  it.each(['/openapi.json', '/docs/swagger-ui-bundle.js'])(
    'begins few of those for %s, holds no files, and tells of each of them once',
    async (path) => {
      const before = app.logs.entries().length;
      const metricsBefore = await scrape();
      const filesBefore = openFiles();
      const sockets = [1, 2, 3].map(() => connect(app.port, '127.0.0.1'));
      for (const socket of sockets) {
        socket.pause();
        socket.write(requestTo(path).repeat(1_500));
      }

      await untilStill(() => app.logs.entries().length);
      const filesMeanwhile = openFiles();
      for (const socket of sockets) socket.destroy();
      await untilStill(() => app.logs.entries().length);
      const answered = app.logs
        .entries()
        .slice(before)
        .filter(({ route }) => route === path);
      const metrics = await scrape();

      // What fits in the buffers of the connections; 4,500 were sent.
      expect(answered.length).toBeGreaterThan(0);
      expect(answered.length).toBeLessThan(300);
      expect(filesMeanwhile - filesBefore).toBeLessThanOrEqual(2 * sockets.length);
      expect(openFiles() - filesBefore).toBeLessThanOrEqual(sockets.length);
      expect(countOf(metrics, path) - countOf(metricsBefore, path)).toBe(answered.length);
    },
  );
});
