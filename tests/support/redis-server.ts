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
  /** Where it speaks with the others of its cluster. */
  readonly busPort?: number;
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

export const PASSWORD = `${CANARY}-of-redis`;

/** Where the program is, or undefined where none is installed. */
export function findRedis(): string | undefined {
  return findOnPath('redis-server');
}

/** Starts a server in a directory of its own on a free port, and resolves once it takes commands. */
export async function startRedisServer(more: readonly string[] = []): Promise<RedisServer> {
  const directory = temporaryDirectory('redis');
  const port = await freePort();
  const network = ['--bind', '127.0.0.1', '--port', String(port), '--requirepass', PASSWORD];
  const noPersistence = ['--save', '', '--appendonly', 'no', '--dir', directory];
  const launch = () => launchRedis([...network, ...noPersistence, ...more], /Ready to accept connections/);
  let server = await launch();

  return {
    port,
    url: `redis://:${PASSWORD}@127.0.0.1:${port}/0`,
    pause: () => server.child.kill('SIGSTOP'),
    resume: () => server.child.kill('SIGCONT'),
    kill: () => server.kill(),
    async restart() {
      await server.kill();
      server = await launch();
    },
    async stop() {
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface RedisProcess {
  readonly child: ChildProcess;
  readonly kill: () => Promise<void>;
}

/** Runs the program, and resolves once it has logged a line that shows it is ready. */
export async function launchRedis(args: readonly string[], ready: RegExp): Promise<RedisProcess> {
  const child = spawn(findRedis() ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      log += `${line}\n`;
      if (ready.test(line)) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the Redis server ended at its start:\n${log}`)));
  });
  return {
    child,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      // It ends one that is paused as well.
      child.kill('SIGKILL');
      await ended;
    },
  };
}
