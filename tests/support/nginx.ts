import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exampleFile, examplePath } from './example-file.ts';
import { freePort } from './mysql-server.ts';
import { temporaryDirectory } from './temporary.ts';

export const NGINX_CONF = examplePath('nginx/nginx.conf');

export interface Nginx {
  readonly port: number;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export interface NginxOptions {
  /** The program. */
  readonly nginx: string;
  readonly latchkeyPort: number;
  readonly servicePort: number;
  /** What the file says of how long Latchkey may take to answer, if it is to be another time. */
  readonly readTimeout?: string | undefined;
}

/** The file of the example with these in place of what it says. Each must stand in it. */
export function nginxConf(replacements: Readonly<Record<string, string>>): string {
  return exampleFile('nginx/nginx.conf', replacements);
}

/** Starts nginx by the file of the example and resolves once it takes requests. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { nginx, latchkeyPort, servicePort, readTimeout = '5s' } = options;
  const port = await freePort();
  const conf = nginxConf({
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:3000': `127.0.0.1:${latchkeyPort}`,
    '127.0.0.1:4000': `127.0.0.1:${servicePort}`,
    'proxy_read_timeout 5s': `proxy_read_timeout ${readTimeout}`,
  });
  const { stop } = await runNginx(nginx, conf);
  return { port, url: `http://127.0.0.1:${port}`, stop };
}

/** Runs nginx by a file that says this, in a directory of its own, and resolves once it takes requests. */
export async function runNginx(
  nginx: string,
  conf: string,
): Promise<{ directory: string; stop: () => Promise<void> }> {
  const directory = temporaryDirectory('nginx');
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, conf);
  // Started by root, its workers would be a user who may not enter the directory.
  const asRoot = process.getuid?.() === 0 ? ' user root;' : '';
  // At this level it says when it has started.
  const globals = `daemon off; error_log stderr notice;${asRoot}`;
  const args = ['-e', 'stderr', '-p', directory, '-c', file, '-g', globals];
  const child = spawn(nginx, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      log += `${line}\n`;
      // It listens before there are workers.
      if (line.includes('start worker process ')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`nginx ended at its start:\n${log}`)));
  });

  return {
    directory,
    async stop() {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      // It takes its workers with it, which it could not if it were killed.
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
