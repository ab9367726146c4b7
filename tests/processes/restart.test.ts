import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/mysql-server.ts';
import { sumOf } from '../support/scrape.ts';
import { beginSignup, finishedStatuses, type ServerProcess } from '../support/server-process.ts';
import {
  childrenOf,
  countLogged,
  eventually,
  freeze,
  runningOf,
  send,
  statusesOf,
  untilLogged,
  useSeveralProcesses,
} from '../support/several-processes.ts';

const startSeveral = useSeveralProcesses();

/** Counts what listens: resolves, when it is called, once so many more processes do. */
function watchReturns(server: ServerProcess, count = 1): () => Promise<void> {
  const before = countLogged(server, 'listening');
  return () => untilLogged(server, 'listening', before + count);
}

describe('Several processes of which one is killed', () => {
  let server: ServerProcess;
  let metricsUrl: string;

  beforeAll(async () => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    server = await startSeveral({ PORT: String(port), METRICS_PORT: String(metricsPort) });
  });

  it('go on answering on the port, have another one soon, and log one line about it', async () => {
    const [killed = 0, spared = 0] = childrenOf(server.child.pid);
    const untilBack = watchReturns(server);

    process.kill(killed, 'SIGKILL');
    await server.logged('a process ended: starting another');
    const meanwhile = await statusesOf(10, `${server.url}/healthz`);
    await untilBack();
    const now = childrenOf(server.child.pid);
    const afterwards = await statusesOf(10, `${server.url}/readyz`);

    expect(new Set(meanwhile)).toEqual(new Set([200]));
    expect(new Set(afterwards)).toEqual(new Set([200]));
    expect(now).toHaveLength(2);
    expect(now).toContain(spared);
    expect(errorsOf(server)).toEqual([
      expect.objectContaining({
        msg: 'a process ended: starting another',
        pid: killed,
        signal: 'SIGKILL',
      }),
    ]);
  });

  it('never count backwards, which Prometheus would take for a start from zero', async () => {
    const healthChecks = async () => {
      const { text } = await send(metricsUrl);
      return sumOf(text, 'http_request_duration_seconds_count', { route: '/healthz', status: '200' });
    };
    const begin = await healthChecks();
    await statusesOf(10, `${server.url}/healthz`);
    const before = await healthChecks();
    const untilBack = watchReturns(server);

    process.kill(childrenOf(server.child.pid)[0] ?? 0, 'SIGKILL');
    await untilBack();
    const after = await healthChecks();
    await statusesOf(10, `${server.url}/healthz`);
    const later = await healthChecks();

    expect([before, after, later].map((count) => count - begin)).toEqual([10, 10, 20]);
  });

  it('come back on their port when all of them are killed', async () => {
    const endedBefore = countLogged(server, 'a process ended: starting another');
    const untilBack = watchReturns(server, 2);

    for (const pid of childrenOf(server.child.pid)) process.kill(pid, 'SIGKILL');
    await untilBack();

    expect(await statusesOf(4, `${server.url}/healthz`)).toEqual([200, 200, 200, 200]);
    expect(countLogged(server, 'a process ended: starting another') - endedBefore).toBe(2);
  });

  it('finish the requests in flight on a SIGINT to all of them, as Ctrl-C sends it, exit with 0 and leave no process behind', async () => {
    const children = childrenOf(server.child.pid);
    // One after another, so that each comes to another process.
    const inFlight = [await beginSignup(server), await beginSignup(server)];

    for (const pid of [server.child.pid ?? 0, ...children]) process.kill(pid, 'SIGINT');
    await untilLogged(server, 'stopping', 3);
    // As where the word of the first process was faster than the signal.
    for (const pid of children) process.kill(pid, 'SIGINT');
    const statuses = await finishedStatuses(inFlight);

    expect({ statuses, exitCode: await server.exited, log: server.lines.join('\n') }).toEqual({
      statuses: [201, 201],
      exitCode: 0,
      log: expect.not.stringContaining('shutdown did not finish in time'),
    });
    expect(children).toHaveLength(2);
    expect(runningOf(children)).toEqual([]);
  });
});

describe('Several processes of which one is killed or hangs', () => {
  let server: ServerProcess;
  let metricsUrl: string;

  beforeAll(async () => {
    const metricsPort = await freePort();
    metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    server = await startSeveral({ METRICS_PORT: String(metricsPort) });
  });

  /** Kills one while the first process cannot notice it, and resolves once another one listens. */
  async function killUnnoticed(meanwhile: () => Promise<unknown>): Promise<void> {
    const children = childrenOf(server.child.pid);
    const untilBack = watchReturns(server);
    await freeze(server.child.pid);
    await meanwhile();
    process.kill(children[0] ?? 0, 'SIGKILL');
    await eventually(
      () => runningOf(children),
      (left) => left.length === 1,
    );
    process.kill(server.child.pid ?? 0, 'SIGCONT');
    await untilBack();
  }

  it('are not brought down by a connection that comes before the first process has noticed', async () => {
    const connections: Socket[] = [];

    // While the first process cannot run, the connections and the death come to lie side by side.
    await killUnnoticed(async () => {
      connections.push(...[1, 2, 3, 4].map(() => connect(server.port, '127.0.0.1')));
      await Promise.all(connections.map((socket) => once(socket, 'connect')));
    });
    for (const socket of connections) socket.destroy();

    expect(await statusesOf(4, `${server.url}/healthz`)).toEqual([200, 200, 200, 200]);
  });

  it('are not brought down by a scrape that comes before the first process has noticed', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const scrape = () => get(metricsUrl, { agent }).on('error', () => {});
    const [first] = (await once(scrape(), 'response')) as [IncomingMessage];
    await once(first.resume(), 'close');

    // As above, with a request on a connection that is open already.
    await killUnnoticed(() => once(scrape(), 'finish'));
    agent.destroy();

    expect((await send(metricsUrl)).status).toBe(200);
    expect(await statusesOf(4, `${server.url}/healthz`)).toEqual([200, 200, 200, 200]);
  });

  it('show their metrics although one of them hangs', async () => {
    const [hanging = 0] = childrenOf(server.child.pid);

    await freeze(hanging);
    const answer = await send(metricsUrl);
    process.kill(hanging, 'SIGCONT');

    expect(answer.status).toBe(200);
  });

  it('show their metrics meanwhile, without those of the one that is about to start', async () => {
    const [killed = 0] = childrenOf(server.child.pid);
    const endedBefore = countLogged(server, 'a process ended: starting another');
    const untilBack = watchReturns(server);

    process.kill(killed, 'SIGKILL');
    await untilLogged(server, 'a process ended: starting another', endedBefore + 1);
    await eventually(
      () => childrenOf(server.child.pid),
      (children) => children.length === 2,
    );
    const begunAt = performance.now();
    const answer = await send(metricsUrl);

    expect(answer.status).toBe(200);
    expect(performance.now() - begunAt).toBeLessThan(4_000);
    await untilBack();
  });

  it('leave no process behind when the first one is killed', async () => {
    const children = childrenOf(server.child.pid);
    const inFlight = await beginSignup(server);

    server.child.kill('SIGKILL');

    const left = await eventually(
      () => runningOf(children),
      (running) => running.length === 0,
    );
    expect(left).toEqual([]);
    expect(children).toHaveLength(2);
    inFlight.abandon();
  });
});

function errorsOf(server: ServerProcess): Record<string, unknown>[] {
  const entries = server.logLines().map((line) => JSON.parse(line) as Record<string, unknown>);
  return entries.filter(({ level }) => Number(level) >= 50);
}
