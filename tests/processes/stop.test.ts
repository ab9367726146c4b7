import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';
import type { ServerProcess } from '../support/server-process.ts';
import {
  childrenOf,
  eventually,
  freeze,
  runningOf,
  send,
  untilLogged,
  useSeveralProcesses,
} from '../support/several-processes.ts';

const startSeveral = useSeveralProcesses();

describe('Several processes, stopped by SIGTERM to the first one', () => {
  it('finish the requests in flight, refuse new connections, exit with 0 and leave no process behind', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);
    // One after another, so that each comes to another process.
    const inFlight = [await beginSignup(server), await beginSignup(server)];

    server.child.kill('SIGTERM');
    await untilLogged(server, 'stopping', 3);
    const newConnection = await eventually(
      () => tryToConnect(server.port),
      (outcome) => outcome === 'ECONNREFUSED',
    );
    const finished = await Promise.all(inFlight.map((signup) => signup.finish()));

    expect(newConnection).toBe('ECONNREFUSED');
    expect(finished.map((response) => response.statusCode)).toEqual([201, 201]);
    expect(finished.map((response) => response.headers.connection)).toEqual(['close', 'close']);
    expect(await server.exited).toBe(0);
    expect(children).toHaveLength(2);
    expect(runningOf(children)).toEqual([]);
  });

  it('exit with 0 before ten seconds are over, although a request never ends', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);
    const inFlight = await beginSignup(server);

    // After ten seconds it would be killed, and exit with 1.
    expect(await server.stop()).toBe(0);
    expect(runningOf(children)).toEqual([]);
    inFlight.abandon();
  });

  it('are cut off before ten seconds are over where one of them hangs', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);
    // A process that the system does not let run hears nothing and does nothing.
    await freeze(children[0]);

    // 1 where cutting it off took until the ten seconds were over.
    expect([0, 1]).toContain(await server.stop());
    expect(await eventually(() => runningOf(children), isEmpty)).toEqual([]);
  });

  it('exit at once with 1 on a second signal, whatever is in flight, and leave no process behind', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);
    const inFlight = [await beginSignup(server), await beginSignup(server)];

    server.child.kill('SIGTERM');
    await untilLogged(server, 'stopping', 3);
    server.child.kill('SIGTERM');

    expect(await server.exited).toBe(1);
    expect(await eventually(() => runningOf(children), isEmpty)).toEqual([]);
    for (const signup of inFlight) signup.abandon();
  });
});

describe('Several processes that all get a SIGINT, as Ctrl-C sends it', () => {
  it('finish the requests in flight, exit with 0 and leave no process behind', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);
    const inFlight = [await beginSignup(server), await beginSignup(server)];

    for (const pid of [server.child.pid ?? 0, ...children]) process.kill(pid, 'SIGINT');
    await untilLogged(server, 'stopping', 3);
    const statuses = await statusesOf(inFlight);

    expect({ statuses, exitCode: await server.exited, log: server.lines.join('\n') }).toEqual({
      statuses: [201, 201],
      exitCode: 0,
      log: expect.not.stringContaining('stopped before all was done'),
    });
    expect(runningOf(children)).toEqual([]);
  });

  it('cut nothing off where a busy one reads the word of the first process before it sees the signal', async () => {
    const metricsPort = await freePort();
    const server = await startSeveral({ METRICS_PORT: String(metricsPort) });
    const children = childrenOf(server.child.pid);
    const inFlight = [await beginSignup(server), await beginSignup(server)];

    // While they cannot run, the signal and the word of the first process come to lie side by side.
    await Promise.all(children.map(freeze));
    for (const pid of [...children, server.child.pid ?? 0]) process.kill(pid, 'SIGINT');
    await server.logged('stopping');
    // Once it answers this, the first process has sent its word.
    await send(`http://127.0.0.1:${metricsPort}/nothing`);
    for (const pid of children) process.kill(pid, 'SIGCONT');
    const statuses = await statusesOf(inFlight);

    expect({ statuses, exitCode: await server.exited, log: server.lines.join('\n') }).toEqual({
      statuses: [201, 201],
      exitCode: 0,
      log: expect.not.stringContaining('stopped before all was done'),
    });
  });
});

describe('Several processes whose first one is killed', () => {
  it('leave no process behind', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);
    const inFlight = await beginSignup(server);

    server.child.kill('SIGKILL');

    expect(await eventually(() => runningOf(children), isEmpty)).toEqual([]);
    expect(children).toHaveLength(2);
    inFlight.abandon();
  });
});

/** How requests end once their bodies are sent: by a status, or by an error. */
async function statusesOf(inFlight: readonly Awaited<ReturnType<typeof beginSignup>>[]): Promise<unknown[]> {
  const ends = await Promise.allSettled(inFlight.map((signup) => signup.finish()));
  return ends.map((end) => (end.status === 'fulfilled' ? end.value.statusCode : String(end.reason)));
}

/** How it ends to open a connection, without sending anything. */
function tryToConnect(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

const isEmpty = (list: readonly unknown[]) => list.length === 0;

/** A sign-up whose headers the server has read, which its 100 Continue proves, and whose body is yet to come. */
async function beginSignup(server: ServerProcess) {
  const body = JSON.stringify(aPerson());
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    Expect: '100-continue',
  };
  const agent = new Agent({ keepAlive: true });
  const signup = request(`${server.url}/signup`, { method: 'POST', headers, agent });
  signup.on('error', () => {});
  signup.flushHeaders();
  await once(signup, 'continue');
  return {
    async finish() {
      signup.end(body);
      const [response] = (await once(signup, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return response;
    },
    abandon: () => signup.destroy(),
  };
}
