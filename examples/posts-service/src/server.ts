import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from '@latchkey/verifier';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { openPosts } from './posts.ts';

/** Requests in flight get so long when the service is told to stop. */
const DRAIN_MILLISECONDS = 5_000;

async function start(): Promise<void> {
  // What the environment says goes before what the file says.
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { host, port, database, corsOrigins, verifier: options } = readConfig(process.env);

  const verifier = createVerifier({ ...options, onError: ({ message }) => console.error(message) });
  await verifier.ready();
  const posts = await openPosts(database);
  const server = createServer(createApp(posts, verifier, corsOrigins)).listen(port, host);
  await once(server, 'listening');

  const stop = async () => {
    setTimeout(() => server.closeAllConnections(), DRAIN_MILLISECONDS).unref();
    server.close();
    await once(server, 'close');
    await verifier.close();
    await posts.close();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  console.log(`Posts are at http://localhost:${(server.address() as AddressInfo).port}`);
}

start().catch(({ message }: Error) => {
  console.error(`The posts service did not start: ${message}`);
  process.exit(1);
});
