import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import sqlite3 from 'sqlite3';
import { loadConfig } from '../../src/config/config.ts';
import { isSchemaCurrent } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { serve } from '../../src/runtime/serve.ts';
import { createTestDatabase, onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { aPerson } from '../support/people.ts';
import { runServer, type ServerProcess, startServer } from '../support/server-process.ts';

const newDirectory = useDirectories();

describe('The server, started in an empty directory without any configuration', () => {
  let directory: string;
  let server: ServerProcess;
  beforeAll(async () => {
    directory = newDirectory();
    server = await startServer(directory);
  });

  it('prints its URL, its docs URL and a curl line that creates an account when pasted', async () => {
    const banner = server.lines.join('\n');
    const curl = server.lines.find((line) => line.trim().startsWith('curl')) ?? '';
    const answer = JSON.parse(execFileSync('bash', ['-c', curl], { stdio: 'pipe' }).toString());

    expect(banner).toContain(`http://localhost:${server.port}\n`);
    expect(banner).toContain(`http://localhost:${server.port}/docs\n`);
    expect(banner).toContain('pages at localhost, on any port, may call it; CORS_ORIGINS lets others\n');
    expect(answer).toMatchObject({
      user: { email: expect.stringContaining('@example.com') },
      token_type: 'Bearer',
    });
  });

  it('keeps its database in WAL mode and its secret of 256 bits where only the owner can read them', async () => {
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'data/jwt-secret')).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'data/jwt-secret')).size).toBe(
      Buffer.alloc(32).toString('base64url').length,
    );
    expect(await readPragma(join(directory, 'data/latchkey.sqlite'), 'journal_mode')).toBe('wal');
  });

  it('exits with 0 on SIGINT, and with 0 on SIGTERM, and keeps all users and tokens valid over a restart', async () => {
    const person = aPerson();
    const { access_token } = await post(server, '/signup', person);
    server.child.kill('SIGINT');
    expect(await server.exited).toBe(0);

    const second = await startServer(directory);
    const me = await fetch(`${second.url}/me`, { headers: { Authorization: `Bearer ${access_token}` } });
    const login = await post(second, '/login', { email: person.email, password: person.password });

    expect(me.status).toBe(200);
    expect(login).toMatchObject({ user: { email: person.email } });
    expect(await second.stop()).toBe(0);
    expectCleanLogs([...server.logLines(), ...second.logLines()]);
  });
});

onEachDatabase((kind) => {
  describe('The server on a schema that is behind', () => {
    it('does not start and names the command unless MIGRATE_ON_START lets it migrate', async () => {
      const database = await createTestDatabase(kind);
      const open = async (MIGRATE_ON_START: string) => {
        const config = loadConfig({ DATABASE_URL: database.url, MIGRATE_ON_START });
        const opened = await openDatabase(config.database, createLogger('silent'));
        const isCurrent = await isSchemaCurrent(opened, 10_000);
        await opened.close();
        return isCurrent;
      };

      await expect(open('false')).rejects.toThrow('npx sequelize-cli db:migrate');
      expect(await open('true')).toBe(true);
      expect(await open('false')).toBe(true);
      await database.drop();
    });
  });
});

describe('The server that cannot start', () => {
  it('exits with 1 and says why', async () => {
    const run = await runServer(newDirectory(), { MIGRATE_ON_START: 'false' });

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('npx sequelize-cli db:migrate');
  });

  it('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const run = await runServer(newDirectory(), { PORT: String(port) });

    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('The port is taken') });
    other.close();
  });

  it('says that the database does not answer', async () => {
    const config = loadConfig({ DATABASE_URL: 'mysql://nobody:secret-canary@127.0.0.1:1/none' });

    const error = await serve(config).catch((reason: Error) => reason);

    expect(error).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
    expect(String(error)).not.toContain('secret-canary');
  });
});

async function post(server: ServerProcess, path: string, body: unknown) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

function readPragma(file: string, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const connection = new sqlite3.Database(file);
    connection.get<Record<string, unknown>>(`PRAGMA ${name}`, (error, row) => {
      connection.close();
      if (error) reject(error);
      else resolve(row[name]);
    });
  });
}
