import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/mysql-server.ts';
import { type BegunSignup, beginSignup, type ServerProcess } from '../support/server-process.ts';
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

interface Stopping {
  readonly children: readonly number[];
  readonly exitCode: Promise<number>;
}

let withEndlessRequest: Stopping;
let withHangingProcess: Stopping;
let endlessRequest: BegunSignup;

// Each of these takes most of ten seconds, so they begin first of all and are looked at last.
beforeAll(async () => {
  const answering = await startSeveral();
  endlessRequest = await beginSignup(answering);
  withEndlessRequest = { children: childrenOf(answering.child.pid), exitCode: answering.stop() };

  const hanging = await startSeveral();
  const children = childrenOf(hanging.child.pid);
  // A process that the system does not let run hears nothing and does nothing.
  await freeze(children[0]);
  withHangingProcess = { children, exitCode: hanging.stop() };
});

describe('The server with WEB_CONCURRENCY', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startSeveral({ PORT: '0' }, 3);
  });

  it('answers on one port from so many processes, even on a free one that the system chose', async () => {
    const ports = server
      .logLines()
      .map((line) => JSON.parse(line))
      .filter((entry) => entry.msg === 'listening')
      .map((entry) => entry.port);

    expect(childrenOf(server.child.pid)).toHaveLength(3);
    expect(ports).toEqual([server.port, server.port, server.port]);
    expect(new Set(await statusesOf(12, `${server.url}/readyz`))).toEqual(new Set([200]));
  });

  it('on SIGTERM to the first process finishes the requests in flight, refuses new connections, exits with 0 and leaves no process behind', async () => {
    const children = childrenOf(server.child.pid);
    // One after another, so that each comes to another process.
    const inFlight = [await beginSignup(server), await beginSignup(server), await beginSignup(server)];

    server.child.kill('SIGTERM');
    await untilLogged(server, 'stopping', 4);
    const newConnection = await eventually(
      () => tryToConnect(server.port),
      (outcome) => outcome === 'ECONNREFUSED',
    );
    const finished = await Promise.all(inFlight.map((signup) => signup.finish()));

    expect(newConnection).toBe('ECONNREFUSED');
    expect(finished.map((response) => response.statusCode)).toEqual([201, 201, 201]);
    expect(finished.map((response) => response.headers.connection)).toEqual(['close', 'close', 'close']);
    expect(await server.exited).toBe(0);
    expect(children).toHaveLength(3);
    expect(runningOf(children)).toEqual([]);
  });

  it('has printed its welcome once, and once that limits are not shared without REDIS_URL', () => {
    const warning = 'REDIS_URL is not set: each of the 3 processes counts requests for itself';

    expect(server.lines.filter((line) => line.includes('API docs'))).toHaveLength(1);
    expect(server.lines.filter((line) => line.trim().startsWith('curl'))).toHaveLength(1);
    expect(countLogged(server, warning)).toBe(1);
  });
});

describe('The server with WEB_CONCURRENCY, PORT and REDIS_URL', () => {
  let server: ServerProcess;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    server = await startSeveral({ PORT: String(port), REDIS_URL: 'redis://127.0.0.1:1' });
  });

  it('serves on the port that PORT names', async () => {
    expect(server.port).toBe(port);
    expect((await send(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it('exits at once with 1 on a second signal, whatever is in flight, and leaves no process behind', async () => {
    const children = childrenOf(server.child.pid);
    const inFlight = [await beginSignup(server), await beginSignup(server)];

    server.child.kill('SIGTERM');
    await untilLogged(server, 'stopping', 3);
    server.child.kill('SIGTERM');

    expect(await server.exited).toBe(1);
    expect(children).toHaveLength(2);
    expect(await eventually(() => runningOf(children), isEmpty)).toEqual([]);
    for (const signup of inFlight) signup.abandon();
  });

  it('has said nothing of shared limits', () => {
    expect(server.lines.join('\n')).not.toContain('REDIS_URL is not set');
  });
});

describe('Several processes, stopped by SIGTERM to the first one', () => {
  it('exit with 0 before ten seconds are over, although a request never ends', async () => {
    const { children, exitCode } = withEndlessRequest;

    // After ten seconds it would be killed, and exit with 1.
    expect(await exitCode).toBe(0);
    expect(children).toHaveLength(2);
    expect(runningOf(children)).toEqual([]);
    endlessRequest.abandon();
  });

  it('are cut off before ten seconds are over where one of them hangs', async () => {
    const { children, exitCode } = withHangingProcess;

    // 1 where cutting it off took until the ten seconds were over.
    expect([0, 1]).toContain(await exitCode);
    expect(children).toHaveLength(2);
    expect(await eventually(() => runningOf(children), isEmpty)).toEqual([]);
  });
});

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
