import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHttpServer, listen } from '../../src/http/listen.ts';

describe('The HTTP server', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  async function start(
    listener: Parameters<typeof createHttpServer>[0],
    publicUrl = 'https://auth.example.com',
  ) {
    const server = createHttpServer(listener, { publicUrl, keepAliveSeconds: 65 });
    const { port } = await listen(server, 0, '127.0.0.1');
    stops.push(() => server.close());
    return { server, port };
  }

  it('gives a client 10 seconds for its headers and 30 for its whole request', async () => {
    const { server } = await start(() => {});

    expect(server).toMatchObject({ headersTimeout: 10_000, requestTimeout: 30_000 });
  });

  it('keeps an idle connection for as long as it is told, and says so', async () => {
    const { server, port } = await start((_req, res) => void res.end('answer'));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [answer] = await once(socket, 'data');
    socket.destroy();

    expect(server.keepAliveTimeout).toBe(65_000);
    expect(String(answer)).toContain('\r\nKeep-Alive: timeout=65\r\n');
  });

  it('counts the bytes of a refusal and not its characters', async () => {
    const { port } = await start(() => {}, 'https://bücher.example');
    const socket = connect(port, '127.0.0.1');
    socket.end('GARBAGE\r\n\r\n');

    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');

    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(head).toMatch(/^X-Request-Id: [0-9a-f-]{36}$/m);
    expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('refuses garbage that comes during an answer behind that answer', async () => {
    const { port } = await start((_req, res) => {
      res.write('the beginning');
      setTimeout(() => res.end(', the end'), 20);
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.write('GARBAGE\r\n\r\n');

    expect(await text(socket)).toMatch(/, the end\r\n0\r\n\r\nHTTP\/1.1 400 Bad Request/);
  });

  it('cuts a connection where the body of a request cannot be read that is already being answered', async () => {
    const { port } = await start((_req, res) => res.write('the beginning'));
    const socket = connect(port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    await once(socket, 'data');
    socket.write('no length of a chunk\r\n');

    expect(await text(socket).catch(() => '')).not.toContain('400');
  });

  it('closes a connection whose client does not read its answer', async () => {
    const server = createHttpServer((_req, res) => res.end(Buffer.alloc(20_000_000)), {
      publicUrl: 'https://a.example',
      keepAliveSeconds: 65,
      writeTimeoutMilliseconds: 100,
    });
    const { port } = await listen(server, 0, '127.0.0.1');
    stops.push(() => server.close());
    const accepted = once(server, 'connection');
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [connection] = await accepted;

    await once(connection, 'close');
    socket.destroy();
  });

  it('closes a connection that it has refused, although the client keeps it open', async () => {
    const { port, server } = await start(() => {});
    const accepted = once(server, 'connection');
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('GARBAGE\r\n\r\n');
    socket.resume();
    const [connection] = await accepted;

    await once(connection, 'close');
    expect(socket.writable).toBe(true);
    socket.destroy();
  });
});
