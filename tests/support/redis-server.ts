import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CANARY } from './logs.ts';
import { findOnPath, freePort } from './mysql-server.ts';
import { temporaryDirectory } from './temporary.ts';

/** A private Redis that keeps nothing, to be taken away in two ways and given back. */
export interface RedisServer {
  readonly port: number;
  /** With the password, which gives itself away in a log. */
  readonly url: string;
  /** As when its machine hangs: connections stay open, new ones are taken, nothing is answered. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** As when it crashes: connections are cut, new ones are refused, all it knew is lost. */
  readonly kill: () => Promise<void>;
  /** Brings it back on the same port. */
  readonly restart: () => Promise<void>;
  /** For good. */
  readonly stop: () => Promise<void>;
}

const PASSWORD = `${CANARY}-of-redis`;

/** Where the program is, or undefined where none is installed. */
export function findRedis(): string | undefined {
  return findOnPath('redis-server');
}

/** Starts a server in a directory of its own on a free port, and resolves once it takes commands. */
export async function startRedisServer(): Promise<RedisServer> {
  const directory = temporaryDirectory('redis');
  const port = await freePort();
  let server = await launch(directory, port);

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    // It ends one that is paused as well.
    server.kill('SIGKILL');
    await ended;
  }

  return {
    port,
    url: `redis://:${PASSWORD}@127.0.0.1:${port}/0`,
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    kill,
    async restart() {
      await kill();
      server = await launch(directory, port);
    },
    async stop() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function launch(directory: string, port: number): Promise<ChildProcess> {
  const network = ['--bind', '127.0.0.1', '--port', String(port), '--requirepass', PASSWORD];
  const noPersistence = ['--save', '', '--appendonly', 'no', '--dir', directory];
  const server = spawn(findRedis() ?? 'redis-server', [...network, ...noPersistence], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    createInterface(server.stdout).on('line', (line) => {
      log += `${line}\n`;
      if (line.includes('Ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`the Redis server ended at its start:\n${log}`)));
  });
  return server;
}
