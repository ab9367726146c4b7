import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../support/mysql-server.ts';
import { sumOf } from '../support/scrape.ts';
import type { ServerProcess } from '../support/server-process.ts';
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

describe('Several processes of which one is killed', () => {
  it('go on answering on the port, have another one soon, and log one line about it', async () => {
    const server = await startSeveral();
    const [killed = 0, spared = 0] = childrenOf(server.child.pid);

    process.kill(killed, 'SIGKILL');
    await server.logged('a process ended: starting another');
    const meanwhile = await statusesOf(10, `${server.url}/healthz`);
    await untilLogged(server, 'listening', 3);
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
    expect(await server.stop()).toBe(0);
  });

  it('come back on their port when all of them are killed', async () => {
    const server = await startSeveral({ PORT: String(await freePort()) });

    for (const pid of childrenOf(server.child.pid)) process.kill(pid, 'SIGKILL');
    await untilLogged(server, 'listening', 4);

    expect(await statusesOf(4, `${server.url}/healthz`)).toEqual([200, 200, 200, 200]);
    expect(countLogged(server, 'a process ended: starting another')).toBe(2);
    expect(await server.stop()).toBe(0);
  });

  it('are not brought down by a connection that comes before the first process has noticed', async () => {
    const server = await startSeveral();
    const children = childrenOf(server.child.pid);

    // While the first process cannot run, the connections and the death come to lie side by side.
    await freeze(server.child.pid);
    const connections = [1, 2, 3, 4].map(() => connect(server.port, '127.0.0.1'));
    await Promise.all(connections.map((socket) => once(socket, 'connect')));
    process.kill(children[0] ?? 0, 'SIGKILL');
    await eventually(
      () => runningOf(children),
      (left) => left.length === 1,
    );
    process.kill(server.child.pid ?? 0, 'SIGCONT');
    await untilLogged(server, 'listening', 3);
    for (const socket of connections) socket.destroy();

    expect(await statusesOf(4, `${server.url}/healthz`)).toEqual([200, 200, 200, 200]);
    expect(await server.stop()).toBe(0);
  });

  it('are not brought down by a scrape that comes before the first process has noticed', async () => {
    const metricsPort = await freePort();
    const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    const server = await startSeveral({ METRICS_PORT: String(metricsPort) });
    const children = childrenOf(server.child.pid);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const scrape = () => get(metricsUrl, { agent }).on('error', () => {});
    const [first] = (await once(scrape(), 'response')) as [IncomingMessage];
    await once(first.resume(), 'close');

    // As above, with a request on a connection that is open already.
    await freeze(server.child.pid);
    await once(scrape(), 'finish');
    process.kill(children[0] ?? 0, 'SIGKILL');
    await eventually(
      () => runningOf(children),
      (left) => left.length === 1,
    );
    process.kill(server.child.pid ?? 0, 'SIGCONT');
    await untilLogged(server, 'listening', 3);
    agent.destroy();

    expect((await send(metricsUrl)).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it('show their metrics meanwhile, without those of the one that is about to start', async () => {
    const metricsPort = await freePort();
    const server = await startSeveral({ METRICS_PORT: String(metricsPort) });
    const [killed = 0] = childrenOf(server.child.pid);

    process.kill(killed, 'SIGKILL');
    await server.logged('a process ended: starting another');
    await eventually(
      () => childrenOf(server.child.pid),
      (children) => children.length === 2,
    );
    const begunAt = performance.now();
    const answer = await send(`http://127.0.0.1:${metricsPort}/metrics`);

    expect(answer.status).toBe(200);
    expect(performance.now() - begunAt).toBeLessThan(4_000);
    expect(await server.stop()).toBe(0);
  });

  it('never count backwards, which Prometheus would take for a start from zero', async () => {
    const metricsPort = await freePort();
    const server = await startSeveral({ METRICS_PORT: String(metricsPort) });
    const metrics = async () => (await send(`http://127.0.0.1:${metricsPort}/metrics`)).text;
    const countOf = (text: string) =>
      sumOf(text, 'http_request_duration_seconds_count', { route: '/healthz', status: '200' });
    await statusesOf(10, `${server.url}/healthz`);
    const before = countOf(await metrics());

    process.kill(childrenOf(server.child.pid)[0] ?? 0, 'SIGKILL');
    await untilLogged(server, 'listening', 3);
    const after = countOf(await metrics());
    await statusesOf(10, `${server.url}/healthz`);
    const later = countOf(await metrics());

    expect([before, after, later]).toEqual([10, 10, 20]);
    expect(await server.stop()).toBe(0);
  });

  it('show their metrics although one of them hangs', async () => {
    const metricsPort = await freePort();
    const server = await startSeveral({ METRICS_PORT: String(metricsPort) });
    const [hanging = 0] = childrenOf(server.child.pid);

    await freeze(hanging);
    const answer = await send(`http://127.0.0.1:${metricsPort}/metrics`);
    process.kill(hanging, 'SIGCONT');

    expect(answer.status).toBe(200);
    expect(await server.stop()).toBe(0);
  });
});

function errorsOf(server: ServerProcess): Record<string, unknown>[] {
  const entries = server.logLines().map((line) => JSON.parse(line) as Record<string, unknown>);
  return entries.filter(({ level }) => Number(level) >= 50);
}
