import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
  // Whoever does not want the input closes it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode: code ?? -1, stdout, stderr };
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
      runAdmin(newDirectory(), args, { env: { DATABASE_URL }, input }),
  };
}
