import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { type TestApp, useApp } from './app.ts';
import { PAGE } from './cookies.ts';
import { type Nginx, startNginx } from './nginx.ts';

/** What the service behind the gateway was asked. */
export interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** How often one token may ask. */
export const TOKEN_LIMIT = 20;

/** Latchkey, a service that trusts X-Auth-*, and nginx in front of both. Ready once the suite runs. */
export interface Gateway {
  readonly app: TestApp;
  /** What the service was asked in this test. */
  readonly asked: readonly Asked[];
  readonly url: () => string;
  /** Another nginx before the same service, that asks Latchkey at this port. It ends with the suite. */
  readonly start: (latchkeyPort: number, readTimeout?: string) => Promise<Nginx>;
  /** A request through the gateway. */
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  /** Sends lines as they are, which no client would do, and returns the answer as it came. */
  readonly sendRaw: (...lines: string[]) => Promise<string>;
  /** What the service was told of who asks. */
  readonly identity: () => Record<string, string>;
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

export function useGateway(nginx: string): Gateway {
  const app = useApp('SQLite', {
    RATE_LIMIT_TOKEN: `${TOKEN_LIMIT}/60`,
    REVOCATION_WHEN_STALE: 'refuse',
    CORS_ORIGINS: PAGE,
  });
  const asked: Asked[] = [];
  let service: Server;
  const started: Nginx[] = [];
  let gateway: Nginx;

  beforeAll(async () => {
    service = createService(asked);
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    gateway = await start(app.port);
  });
  beforeEach(async () => {
    asked.splice(0);
    await app.follower.catchUp();
  });
  afterAll(async () => {
    for (const { stop } of started) await stop();
    service.closeAllConnections();
    service.close();
  });

  async function start(latchkeyPort: number, readTimeout?: string): Promise<Nginx> {
    const servicePort = (service.address() as AddressInfo).port;
    const running = await startNginx({ nginx, latchkeyPort, servicePort, readTimeout });
    started.push(running);
    return running;
  }

  return {
    app,
    asked,
    url: () => gateway.url,
    start,
    get: (path, headers = {}) => fetch(gateway.url + path, { headers }),
    sendRaw(...lines) {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
      return text(socket);
    },
    identity() {
      const told = asked[0]?.headers.filter(([name]) => /^x.?auth/i.test(name)) ?? [];
      // No header is there twice.
      expect(new Set(told.map(([name]) => name.toLowerCase())).size).toBe(told.length);
      return Object.fromEntries(told);
    },
  };
}

/** Answers with the status that the path names, as in /status/404, and believes to know who may read that. */
function createService(asked: Asked[]): Server {
  return createServer(async (req, res) => {
    const { method, url = '', rawHeaders } = req;
    const headers = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : [],
    );
    asked.push({ method, url, headers, body: await text(req) });
    const status = Number(/^\/status\/(\d+)$/.exec(url)?.[1] ?? 200);
    const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' };
    res.writeHead(status, cors).end('the service');
  });
}

/** Holds an answer of the gateway's own against what a client needs of it. */
export async function expectRefused(response: Response, status: number, code?: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ type: 'about:blank', status });
  expect(body.code).toBe(code);
}
