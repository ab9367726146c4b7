import { spawn } from 'node:child_process';
import { Console } from 'node:console';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import { startApp, type TestApp } from './app.ts';
import type { DatabaseKind } from './databases.ts';
import type { Run } from './server-process.ts';

/** The built program. */
export const ADMIN_COMMAND = fileURLToPath(new URL('../../dist/cli/admin.js', import.meta.url));

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on its standard input. */
  readonly input?: string | undefined;
}

/** Runs the command in a directory as an operator would. */
export async function runAdmin(
  directory: string,
  args: readonly string[],
  { env = {}, input = '' }: Surroundings = {},
): Promise<Run> {
  const child = spawn(process.execPath, [ADMIN_COMMAND, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', BCRYPT_COST: '4', ...env },
  });
  // A command that does not want the input closes it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode: code ?? -1, stdout, stderr };
}

const COMMAND_SOURCE = new URL('../../src/cli/admin.ts', import.meta.url).href;
let runs = 0;

/**
 * Runs the command in this process, for all that is not about a process: it takes a tenth of the time. The command is one
 * module that runs as it is loaded, so each run loads it under another name, with its surroundings in the place of ours.
 */
export async function runAdminHere(
  directory: string,
  args: readonly string[],
  { env = {}, input = '' }: Surroundings = {},
): Promise<Run> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const ours = { cwd: process.cwd(), env: process.env, argv: process.argv, console: globalThis.console };
  const streams = { stdin: Readable.from([input]), stdout, stderr };
  const ourStreams = Object.keys(streams).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process, name) ?? {}] as const,
  );
  process.chdir(directory);
  process.env = { PATH: process.env.PATH, BCRYPT_COST: '4', ...env };
  process.argv = [process.execPath, ADMIN_COMMAND, ...args];
  globalThis.console = new Console(stdout, stderr);
  for (const [name, value] of Object.entries(streams)) {
    Object.defineProperty(process, name, { value, configurable: true });
  }
  try {
    await import(`${COMMAND_SOURCE}?run=${runs++}`);
    const exitCode = Number(process.exitCode);
    for (const output of [stdout, stderr]) output.end();
    return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
  } finally {
    process.exitCode = undefined;
    for (const [name, descriptor] of ourStreams) Object.defineProperty(process, name, descriptor);
    Object.assign(process, { env: ours.env, argv: ours.argv });
    globalThis.console = ours.console;
    process.chdir(ours.cwd);
  }
}

/** An app that runs while operators work on its database. */
export function useOperatedApp(
  kind: DatabaseKind,
  newDirectory: () => string,
  env: Record<string, string> = {},
) {
  let app: TestApp;
  let DATABASE_URL = '';
  beforeAll(async () => {
    app = await startApp(kind, env, (url) => {
      DATABASE_URL = url;
      return url;
    });
  });
  afterAll(() => app.stop());
  return {
    app: () => app,
    databaseUrl: () => DATABASE_URL,
    run: (args: readonly string[], input?: string) =>
      runAdminHere(newDirectory(), args, { env: { DATABASE_URL }, input }),
  };
}
