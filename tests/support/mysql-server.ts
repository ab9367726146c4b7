import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Certificate, certificateFor } from './certificates.ts';
import { temporaryDirectory } from './temporary.ts';

export interface MysqlServer {
  /** Without a database name. */
  readonly url: string;
  /** It names `localhost`; there is none without openssl. */
  readonly certificate: Certificate | undefined;
  /** To freeze and thaw it with. */
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void;
  readonly stop: () => Promise<void>;
}

const START_ATTEMPTS = 300;
const ATTEMPT_INTERVAL_MILLISECONDS = 100;

/** Starts a private server in a directory of its own on a free port, or answers undefined where none is installed. */
export async function startMysqlServer(): Promise<MysqlServer | undefined> {
  const binary = findOnPath('mariadbd') ?? findOnPath('mysqld');
  if (binary === undefined) return undefined;

  const directory = temporaryDirectory('mysql');
  const data = join(directory, 'data');
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  initialize(binary, data, asRoot);

  const certificate = findOnPath('openssl') && certificateFor('localhost', directory);
  const port = await freePort();
  const server = spawn(
    binary,
    [
      '--no-defaults',
      ...asRoot,
      `--datadir=${data}`,
      `--socket=${join(directory, 'socket')}`,
      `--pid-file=${join(directory, 'pid')}`,
      `--tmpdir=${directory}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      '--max-connections=400',
      // The data dies with the test run, so nothing has to reach the disk.
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-doublewrite=0',
      // Each suite makes tables and drops them: without a file for each.
      '--innodb-file-per-table=0',
      '--skip-log-bin',
      ...(certificate ? [`--ssl-cert=${certificate.certFile}`, `--ssl-key=${certificate.keyFile}`] : []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const log = collect(server);
  await untilAnswering(port, server, log);
  return {
    url: `mysql://root@127.0.0.1:${port}`,
    certificate: certificate || undefined,
    signal: (signal) => server.kill(signal),
    async stop() {
      const ended = server.exitCode === null ? once(server, 'exit') : undefined;
      server.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function initialize(binary: string, data: string, asRoot: readonly string[]): void {
  const installer = findOnPath('mariadb-install-db') ?? findOnPath('mysql_install_db');
  if (binary.endsWith('mariadbd') && installer !== undefined) {
    const options = [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ];
    execFileSync(installer, [...options, ...asRoot], { stdio: 'pipe' });
  } else {
    execFileSync(binary, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...asRoot], {
      stdio: 'pipe',
    });
  }
}

function collect(server: ChildProcess): () => string {
  let text = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4_000);
  });
  return () => text;
}

/** A server has no event for being ready, so it is asked until its port greets. */
async function untilAnswering(port: number, server: ChildProcess, log: () => string): Promise<void> {
  const { createConnection } = await import('mysql2/promise');
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    if (server.exitCode !== null) throw new Error(`the MySQL server ended at its start:\n${log()}`);
    try {
      const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
      await connection.end();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, ATTEMPT_INTERVAL_MILLISECONDS));
    }
  }
  throw new Error(`the MySQL server did not answer:\n${log()}`);
}

/** The path of an installed program, or undefined. */
export function findOnPath(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return directories
    .map((directory) => join(directory, name))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Below those that systems give to outgoing connections, one of which could take it before it is used, or used again. */
const PORTS = { first: 15_000, count: 15_000 };

/** A port without a listener. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
