import { afterAll, beforeAll } from '@jest/globals';
import { startApp, type TestApp } from './app.ts';
import type { DatabaseKind } from './databases.ts';

/** Starts two services in this process on one database, whose clocks show the same time. */
export async function startTwoApps(
  kind: DatabaseKind,
  env: Record<string, string>,
): Promise<[first: TestApp, second: TestApp]> {
  let shared = '';
  const first = await startApp(kind, env, (url) => {
    shared = url;
    return url;
  });
  const second = await startApp(kind, env, () => shared);
  second.clock.advanceSeconds((first.clock.now() - second.clock.now()) / 1000);
  return [first, second];
}

/** Two such services for the suite at hand. `env` is asked once it runs, so that it may name what the suite has started. */
export function useTwoApps(
  kind: DatabaseKind,
  env: () => Record<string, string> = () => ({}),
): { first: TestApp; second: TestApp } {
  const apps = {} as { first: TestApp; second: TestApp };
  beforeAll(async () => {
    [apps.first, apps.second] = await startTwoApps(kind, env());
  });
  afterAll(async () => {
    await apps.second.stop();
    await apps.first.stop();
  });
  return apps;
}
