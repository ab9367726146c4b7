import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sqlite3 from 'sqlite3';
import { createTestDatabase, onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { aPerson } from '../support/people.ts';
import { runServer, type ServerProcess, startServer } from '../support/server-process.ts';

const newDirectory = useDirectories();

describe('The server, started in an empty directory without any configuration', () => {
  it('prints its URL, its docs URL and a curl line that creates an account when pasted', async () => {
    const server = await startServer(newDirectory());
    await server.logged('listening');

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
    expect(await server.stop()).toBe(0);
  });

  it('keeps its database in WAL mode and its secret of 256 bits where only the owner can read them', async () => {
    const directory = newDirectory();
    const server = await startServer(directory);

    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'data/jwt-secret')).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'data/jwt-secret')).size).toBe(
      Buffer.alloc(32).toString('base64url').length,
    );
    expect(await readPragma(join(directory, 'data/latchkey.sqlite'), 'journal_mode')).toBe('wal');
    await server.stop();
  });

  it('keeps all users and tokens valid over a restart', async () => {
    const directory = newDirectory();
    const person = aPerson();
    const first = await startServer(directory);
    const { access_token } = await post(first, '/signup', person);
    await first.stop();

    const second = await startServer(directory);
    const me = await fetch(`${second.url}/me`, { headers: { Authorization: `Bearer ${access_token}` } });
    const login = await post(second, '/login', { email: person.email, password: person.password });

    expect(me.status).toBe(200);
    expect(login).toMatchObject({ user: { email: person.email } });
    await second.stop();
    expectCleanLogs([...first.logLines(), ...second.logLines()]);
  });
});

onEachDatabase((kind) => {
  describe('The server on a schema that is behind', () => {
    it('exits and names the command unless MIGRATE_ON_START lets it migrate', async () => {
      const database = await createTestDatabase(kind);
      const behind = { DATABASE_URL: database.url, MIGRATE_ON_START: 'false' };

      const refused = await runServer(newDirectory(), behind);
      const migrated = await startServer(newDirectory(), { ...behind, MIGRATE_ON_START: 'true' });
      await migrated.stop();
      const current = await startServer(newDirectory(), behind);

      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toContain('npx sequelize-cli db:migrate');
      expect(await current.stop()).toBe(0);
      await database.drop();
    });
  });
});

describe('The server that cannot start', () => {
  it('exits with 78 and names every fault of the configuration at once', async () => {
    const run = await runServer(newDirectory(), {
      NODE_ENV: 'production',
      PORT: 'http',
      TRUST_PROXY: 'true',
    });

    expect(run.exitCode).toBe(78);
    for (const name of ['PORT', 'TRUST_PROXY', 'JWT_SECRET', 'PUBLIC_URL', 'DATABASE_URL']) {
      expect(run.stderr).toContain(name);
    }
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
    const run = await runServer(newDirectory(), {
      DATABASE_URL: 'mysql://nobody:secret-canary@127.0.0.1:1/none',
    });

    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ECONNREFUSED') });
    expect(run.stderr).not.toContain('secret-canary');
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
