import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import { admin } from '../../src/cli/admin-command.ts';
import { startApp, type TestApp } from './app.ts';
import { type Given, runHere, runProgram } from './commands.ts';
import type { DatabaseKind } from './databases.ts';
import type { Run } from './server-process.ts';

/** The built program. */
export const ADMIN_COMMAND = fileURLToPath(new URL('../../dist/cli/admin.js', import.meta.url));

/** Runs the built program, for what is about a process. */
export function runAdmin(directory: string, args: readonly string[], given: Given = {}): Promise<Run> {
  return runProgram(ADMIN_COMMAND, directory, args, cheaply(given));
}

export function runAdminHere(directory: string, args: readonly string[], given: Given = {}): Promise<Run> {
  return runHere(admin, directory, args, cheaply(given));
}

function cheaply({ env, input }: Given): Given {
  return { env: { BCRYPT_COST: '4', ...env }, input };
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
