import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { type BegunSignup, beginSignup, type ServerProcess, startServer } from '../support/server-process.ts';
import { migratedSqliteIn } from '../support/template.ts';

const newDirectory = useDirectories();
const QUICK = { BCRYPT_COST: '4', HASH_WORKERS: '1' };

function start(env: Record<string, string> = {}): Promise<ServerProcess> {
  const directory = newDirectory();
  return startServer(directory, { ...QUICK, DATABASE_URL: migratedSqliteIn(directory), ...env });
}

describe('The server, told to stop by SIGTERM', () => {
  let endlessRequest: BegunSignup;
  let exitCodeDespiteIt: Promise<number>;
  // It takes most of ten seconds, so it begins first and is looked at last.
  beforeAll(async () => {
    const server = await start();
    endlessRequest = await beginSignup(server);
    exitCodeDespiteIt = server.stop();
  });

  it('finishes the request in flight, answers 503 to readyz, refuses new connections and exits with 0', async () => {
    const server = await start();
    const openConnection = new Agent({ keepAlive: true });
    await getStatus(server, '/readyz', openConnection);
    const inFlight = await beginSignup(server);

    server.child.kill('SIGTERM');
    await server.logged('stopping');
    const readiness = await getStatus(server, '/readyz', openConnection);
    const newConnection = await fetch(`${server.url}/healthz`).catch((error: Error) => error.cause);
    const finished = await inFlight.finish();

    expect(readiness).toBe(503);
    expect(newConnection).toMatchObject({ code: 'ECONNREFUSED' });
    expect(finished).toMatchObject({ statusCode: 201, headers: { connection: 'close' } });
    expect(await server.exited).toBe(0);
    openConnection.destroy();
  });

  it('goes on for SHUTDOWN_DELAY_SECONDS on new and open connections, while readyz answers 503', async () => {
    const server = await start({ SHUTDOWN_DELAY_SECONDS: '2' });
    const openConnection = new Agent({ keepAlive: true });
    await getStatus(server, '/healthz', openConnection);

    server.child.kill('SIGTERM');
    await server.logged('stopping');
    const statuses = [
      await getStatus(server, '/healthz', openConnection),
      await getStatus(server, '/readyz', new Agent()),
      await getStatus(server, '/healthz', new Agent()),
    ];

    expect(statuses).toEqual([200, 503, 200]);
    expect(await server.exited).toBe(0);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    openConnection.destroy();
  });

  it('exits at once on a second signal, whatever is in flight', async () => {
    const server = await start();
    const inFlight = await beginSignup(server);

    server.child.kill('SIGTERM');
    await server.logged('stopping');
    server.child.kill('SIGTERM');

    expect(await server.exited).toBe(1);
    inFlight.abandon();
  });

  it('exits with 0 before ten seconds are over, although a request never ends', async () => {
    // After ten seconds it would be killed, and exit with 1.
    expect(await exitCodeDespiteIt).toBe(0);
    endlessRequest.abandon();
  });
});

async function getStatus(server: ServerProcess, path: string, agent: Agent): Promise<number | undefined> {
  const [response] = (await once(get(server.url + path, { agent }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}
