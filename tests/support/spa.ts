import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from '@jest/globals';
import { createRunningClock } from './app.ts';
import { examplePath } from './example-file.ts';
import { usePostsService } from './posts-service.ts';
import { serve } from './serve.ts';

export const SPA = examplePath('spa');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** Installs the packages of the app where that was not done yet. */
export async function installSpa(): Promise<void> {
  if (existsSync(join(SPA, 'node_modules/vite'))) return;
  await promisify(execFile)('npm', ['--prefix', SPA, 'ci', '--prefer-offline', '--no-audit', '--no-fund']);
}

/** Builds the app into a directory, by the command of its README. */
export async function buildSpa(directory: string, env: Record<string, string>): Promise<void> {
  await runInSpa('npm', ['run', 'build', '--', ...intoDirectory(directory)], env);
}

/** The same without the checks that come first, for an app that has passed them. */
export async function bundleSpa(directory: string, env: Record<string, string>): Promise<void> {
  await runInSpa(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', ...intoDirectory(directory)],
    env,
  );
}

const intoDirectory = (directory: string) => ['--outDir', directory, '--emptyOutDir'];

async function runInSpa(command: string, args: string[], env: Record<string, string>): Promise<void> {
  await promisify(execFile)(command, args, {
    cwd: SPA,
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
}

/** Serves what is in a directory then; a path that is no file is one of the app. */
export async function serveSpa(directory: string) {
  const { port, stop } = await serve((req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost');
    const file = extname(pathname) === '' ? '/index.html' : pathname;
    if (!existsSync(join(directory, file))) return res.writeHead(404).end();
    res.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
    return res.end(readFileSync(join(directory, file)));
  });
  return { origin: `http://localhost:${port}`, stop };
}

/** Before the present, in seconds, is when people sign in: for the posts service, which goes by the real time, long ago. */
const LONG_AGO_SECONDS = 400;

/** The app, built with this transport, beside a Latchkey and a posts service of which every user is an author. */
export function useSpa(newDirectory: () => string, transport: 'cookie' | 'token', build = buildSpa) {
  const clock = createRunningClock();
  let directory: string;
  let served: Awaited<ReturnType<typeof serveSpa>>;

  beforeAll(async () => {
    clock.advanceSeconds(-LONG_AGO_SECONDS);
    directory = newDirectory();
    served = await serveSpa(directory);
  });
  const posts = usePostsService(newDirectory, {
    clock,
    origins: () => [served.origin],
    env: { WEBAUTHN_RP_ID: 'localhost', LOG_LEVEL: 'warn' },
  });
  beforeAll(async () => {
    await posts
      .latchkey()
      .patch('/admin/roles/user')
      .auth(posts.adminToken(), { type: 'bearer' })
      .send({ permissions: ['posts:read', 'posts:write'] })
      .expect(200);
    await installSpa();
    await build(directory, {
      VITE_LATCHKEY_URL: `http://localhost:${posts.latchkey().port}`,
      VITE_POSTS_URL: posts.url(),
      VITE_TRANSPORT: transport,
    });
  });
  afterAll(() => served.stop());

  return {
    clock,
    directory: () => directory,
    url: (path = '/') => served.origin + path,
    latchkey: posts.latchkey,
    postsUrl: posts.url,
    /** Makes it now to all services. */
    catchUpWithTime: () => clock.advanceSeconds(Date.now() - clock.now() > 1000 ? LONG_AGO_SECONDS : 0),
  };
}
