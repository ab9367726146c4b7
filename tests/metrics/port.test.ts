import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { listenForMetrics } from '../../src/runtime/serve.ts';
import { useApp } from '../support/app.ts';
import { useDirectories } from '../support/directories.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { freePort } from '../support/mysql-server.ts';
import { sumOf } from '../support/scrape.ts';
import { runServer, type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually, send, statusesOf } from '../support/several-processes.ts';

const METRICS_TOKEN = 'a-token-that-reads-the-metrics';
const newDirectory = useDirectories();

describe('METRICS_PORT', () => {
  let server: ServerProcess;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = await startServer(newDirectory(), { METRICS_PORT: String(port), LOG_LEVEL: 'debug' });
  });

  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    expectCleanLogs(server.logLines());
  });

  it('serves the metrics of the public port to everybody who reaches it', async () => {
    await statusesOf(3, `${server.url}/healthz`);

    const { status, text } = await send(`${url}/metrics`);

    expect(status).toBe(200);
    const labels = { method: 'GET', route: '/healthz', status: '200' };
    expect(sumOf(text, 'http_request_duration_seconds_count', labels)).toBe(3);
    expect(sumOf(text, 'latchkey_revocation_lag_seconds')).toBeLessThan(10);
  });

  it('answers HEAD, and 404 to every other path: nothing of the API is there', async () => {
    expect(await send(`${url}/metrics`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    for (const path of ['/', '/healthz', '/me', '/login', '/docs', '/openapi.json', '/metrics/more']) {
      expect(await send(url + path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });

  it('keeps the metrics off the public port', async () => {
    expect(await send(`${server.url}/metrics`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('listens on this host alone unless METRICS_HOST says otherwise', () => {
    const line = server.logLines().find((entry) => JSON.parse(entry).msg === 'metrics are served') ?? '{}';

    expect(JSON.parse(line)).toMatchObject({ address: '127.0.0.1', port: Number(new URL(url).port) });
  });

  it('is asked every few seconds, so that no line is logged for it at the usual level', async () => {
    await send(`${url}/metrics`);

    const levels = await eventually(
      () => {
        const lines = server.logLines().map((line) => JSON.parse(line));
        return lines.filter(({ route }) => route === '/metrics').map(({ level }) => level);
      },
      (found) => found.length > 0,
    );
    expect(new Set(levels)).toEqual(new Set([20]));
  });
});

describe('METRICS_PORT together with METRICS_TOKEN', () => {
  const app = useApp('SQLite', { METRICS_TOKEN });

  it('requires the token on both ports', async () => {
    const port = await freePort();
    const metrics = { ...app.config.metrics, port };
    const { logger } = app.core;
    const stop = await listenForMetrics({ ...app.config, metrics }, app.core.scrape, logger);
    const apart = `http://127.0.0.1:${port}/metrics`;
    const inPublic = `${app.url}/metrics`;

    for (const url of [apart, inPublic]) {
      expect(await send(url)).toMatchObject({ status: 401, body: { code: 'token_missing' } });
      expect(await send(url, { token: 'another' })).toMatchObject({ body: { code: 'token_invalid' } });
      expect(await send(url, { token: METRICS_TOKEN })).toMatchObject({ status: 200 });
    }
    stop();
    expect(app.logs.lines.join('')).toContain('metrics are served');
    expect(app.logs.lines.join('')).not.toContain(METRICS_TOKEN);
  });
});

describe('METRICS_PORT that is taken', () => {
  it('is an error that names it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const config = loadConfig({ METRICS_PORT: String(port) });

    const listening = listenForMetrics(config, async () => '', createLogger('silent'));

    await expect(listening).rejects.toThrow(`METRICS_PORT=${port}`);
    other.close();
  });

  it('keeps the server from starting, with exit code 1 and a message that tells it from PORT, also where both are the same', async () => {
    const port = String(await freePort());

    const run = await runServer(newDirectory(), { PORT: port, METRICS_PORT: port });

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(`METRICS_PORT=${port}`);
    expect(run.stdout).not.toContain('API docs');
  });
});
