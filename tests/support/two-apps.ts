import { afterAll, beforeAll } from '@jest/globals';
import { startApp, type TestApp } from './app.ts';
import type { DatabaseKind } from './databases.ts';

/**
 * Two services in this process on one database, whose clocks show the same time. Ready once the suite runs; `env` is
 * asked then, so that it may name what the suite has started.
 */
export function useTwoApps(
  kind: DatabaseKind,
  env: () => Record<string, string> = () => ({}),
): { first: TestApp; second: TestApp } {
  const apps = {} as { first: TestApp; second: TestApp };
  beforeAll(async () => {
    let shared = '';
    apps.first = await startApp(kind, env(), (url) => {
      shared = url;
      return url;
    });
    apps.second = await startApp(kind, env(), () => shared);
    apps.second.clock.advanceSeconds((apps.first.clock.now() - apps.second.clock.now()) / 1000);
  });
  afterAll(async () => {
    await apps.second.stop();
    await apps.first.stop();
  });
  return apps;
}
