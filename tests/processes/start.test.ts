import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { runServer } from '../support/server-process.ts';
import {
  childrenOf,
  countLogged,
  send,
  statusesOf,
  untilLogged,
  useSeveralProcesses,
} from '../support/several-processes.ts';

const newDirectory = useDirectories();
const startSeveral = useSeveralProcesses();

describe('The server with WEB_CONCURRENCY', () => {
  it('answers on one port from so many processes, even on a free one that the system chose', async () => {
    const server = await startSeveral({ PORT: '0' }, 3);

    await untilLogged(server, 'listening', 3);
    const ports = server
      .logLines()
      .map((line) => JSON.parse(line))
      .filter((entry) => entry.msg === 'listening')
      .map((entry) => entry.port);

    expect(childrenOf(server.child.pid)).toHaveLength(3);
    expect(ports).toEqual([server.port, server.port, server.port]);
    expect(new Set(await statusesOf(12, `${server.url}/readyz`))).toEqual(new Set([200]));
    expect(await server.stop()).toBe(0);
  });

  it('serves on the port that PORT names', async () => {
    const port = await freePort();

    const server = await startSeveral({ PORT: String(port) });

    expect(server.port).toBe(port);
    expect((await send(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it('prints its welcome once, and once that limits are not shared without REDIS_URL', async () => {
    const server = await startSeveral();
    await server.stop();

    const warning = 'REDIS_URL is not set: each of the 2 processes counts requests for itself';
    expect(server.lines.filter((line) => line.includes('API docs'))).toHaveLength(1);
    expect(server.lines.filter((line) => line.trim().startsWith('curl'))).toHaveLength(1);
    expect(countLogged(server, warning)).toBe(1);
  });

  it('says nothing of shared limits where REDIS_URL is set', async () => {
    const server = await startSeveral({ REDIS_URL: 'redis://127.0.0.1:1' });
    await server.stop();

    expect(server.lines.join('\n')).not.toContain('REDIS_URL is not set');
  });
});

describe('The server with WEB_CONCURRENCY that cannot start', () => {
  it('exits with 78 after one message about its configuration, and tries no second time', async () => {
    const run = await runServer(newDirectory(), { WEB_CONCURRENCY: '2', TRUST_PROXY: 'true' });

    expect(run.exitCode).toBe(78);
    expect(run.stderr.match(/TRUST_PROXY/g)).toHaveLength(1);
    expect(run.stdout).toBe('');
  });

  it('exits with 1 and says that its port is taken, and starts no process again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const run = await runServer(newDirectory(), { WEB_CONCURRENCY: '2', PORT: String(port) });
    other.close();

    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('The port is taken') });
    // Each of the two says so at most once.
    expect(run.stderr.match(/The port is taken/g)?.length).toBeLessThanOrEqual(2);
    expect(run.stdout).not.toContain('starting another');
    expect(run.stdout).not.toContain('API docs');
  });

  it('exits with 1 and names METRICS_PORT where that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const run = await runServer(newDirectory(), { WEB_CONCURRENCY: '2', METRICS_PORT: String(port) });
    other.close();

    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('METRICS_PORT') });
  });

  it('exits with 1 where its database does not answer, before it starts any process', async () => {
    const run = await runServer(newDirectory(), {
      WEB_CONCURRENCY: '2',
      DATABASE_URL: 'mysql://nobody:secret-canary@127.0.0.1:1/none',
    });

    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ECONNREFUSED') });
    expect(run.stderr.match(/ECONNREFUSED/g)).toHaveLength(1);
    expect(run.stderr).not.toContain('secret-canary');
  });
});
