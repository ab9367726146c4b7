import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { supervise } from '../../src/runtime/supervise.ts';
import { useDirectories } from '../support/directories.ts';
import { runServer } from '../support/server-process.ts';
import { createMigratedDatabase } from '../support/template.ts';
import type { TestDatabase } from '../support/test-database.ts';

const newDirectory = useDirectories();

describe('The server with WEB_CONCURRENCY that cannot start', () => {
  const other = createServer();
  let takenPort: string;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase('SQLite');
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    takenPort = String((other.address() as { port: number }).port);
  });
  afterAll(async () => {
    other.close();
    await database.drop();
  });

  it('exits with 78 after one message that names every fault of its configuration, and tries no second time', async () => {
    const run = await runServer(newDirectory(), {
      NODE_ENV: 'production',
      WEB_CONCURRENCY: '2',
      PORT: 'http',
      TRUST_PROXY: 'true',
    });

    expect(run.exitCode).toBe(78);
    for (const name of ['PORT', 'TRUST_PROXY', 'JWT_SECRET', 'PUBLIC_URL', 'DATABASE_URL']) {
      expect(run.stderr).toContain(name);
    }
    expect(run.stderr.match(/TRUST_PROXY/g)).toHaveLength(1);
    expect(run.stdout).toBe('');
  });

  it('exits with 1 and says that its port is taken, and starts no process again', async () => {
    const run = await runServer(newDirectory(), {
      WEB_CONCURRENCY: '2',
      PORT: takenPort,
      DATABASE_URL: database.url,
    });

    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('The port is taken') });
    // Each of the two says so at most once.
    expect(run.stderr.match(/The port is taken/g)?.length).toBeLessThanOrEqual(2);
    expect(run.stdout).not.toContain('starting another');
    expect(run.stdout).not.toContain('API docs');
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

  it('fails with an error that names METRICS_PORT where that is taken, before it starts any process', async () => {
    const config = loadConfig({
      LOG_LEVEL: 'error',
      DATABASE_URL: database.url,
      JWT_SECRET: 'a secret that signs nothing since nothing starts',
      WEB_CONCURRENCY: '2',
      METRICS_PORT: takenPort,
    });

    await expect(supervise(config)).rejects.toThrow(`METRICS_PORT=${takenPort}`);
    expect(Object.keys(cluster.workers ?? {})).toEqual([]);
  });
});
