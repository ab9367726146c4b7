import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between the service and its database, to take the database away in two ways and give it back. */
export interface TcpProxy {
  readonly port: number;
  /** As when the server was stopped: open connections are cut, new ones refused. */
  readonly refuse: () => Promise<void>;
  /** As when the network loses a connection: it stays open and nothing passes any more, also after `restore`. */
  readonly fallSilent: () => void;
  /** As when a server is overloaded: new connections get no answer to what comes after their handshake. */
  readonly stall: () => void;
  readonly restore: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  let stalled = false;

  const server = createServer((client) => {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
    }
    // A client of MySQL says one thing in the handshake.
    if (stalled) client.once('data', (chunk) => upstream.write(chunk)).once('data', () => client.pause());
    else client.pipe(upstream);
    upstream.pipe(client);
    if (silent) {
      client.pause();
      upstream.pause();
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: proxyPort } = server.address() as { port: number };

  async function refuse(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    port: proxyPort,
    refuse,
    fallSilent: () => {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    stall: () => {
      stalled = true;
    },
    async restore() {
      silent = false;
      stalled = false;
      if (server.listening) return;
      server.listen(proxyPort, '127.0.0.1');
      await once(server, 'listening');
    },
    async stop() {
      if (server.listening) await refuse();
    },
  };
}
