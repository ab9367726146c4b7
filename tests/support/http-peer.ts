import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type HttpPeer = Awaited<ReturnType<typeof startHttpPeer>>;

/** An HTTP server that keeps what it is sent, and gives the answer that a test has set. */
export async function startHttpPeer(port = 0) {
  const requests: ReceivedRequest[] = [];
  let answer = { status: 204, body: '', headers: {} as Record<string, string> };
  const server = createServer(async (req, res) => {
    const { method, url: path, headers } = req;
    requests.push({ method, path, headers, body: await text(req) });
    res.on('error', () => {});
    res.writeHead(answer.status, answer.headers).end(answer.body);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    requests,
    /** Forgets what came, and answers like this from now on. */
    reset(status: number, body: string, headers: Record<string, string> = {}) {
      requests.length = 0;
      answer = { status, body, headers };
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
