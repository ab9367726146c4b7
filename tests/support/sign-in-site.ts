import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { createRunningClock, startApp, type TestApp } from './app.ts';
import { serveLinkApp } from './link-app.ts';
import { freePort } from './mysql-server.ts';

/** The service with its pages at the address that it knows itself by, and an app on another host of the site. */
export function useSignInSite(env: Record<string, string> = {}) {
  const used = {} as { app: TestApp; page: Awaited<ReturnType<typeof serveLinkApp>> };
  const appUrl = () => `http://app.corp.localhost:${used.page.port}`;
  const latchkey = () => used.app.config.http.publicUrl;

  beforeAll(async () => {
    const port = await freePort();
    used.page = await serveLinkApp();
    used.app = await startApp(
      'SQLite',
      {
        PUBLIC_URL: `http://auth.corp.localhost:${port}`,
        RETURN_URLS: appUrl(),
        CORS_ORIGINS: appUrl(),
        LOG_LEVEL: 'warn',
        ...env,
      },
      undefined,
      { port, clock: createRunningClock() },
    );
    used.page.callsLatchkeyAt(latchkey());
  });
  afterEach(() => {
    expect(used.app.contractViolations.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await used.app.stop();
    await used.page.stop();
  });

  return {
    get app() {
      return used.app;
    },
    latchkey,
    appUrl,
    open: (page: Page, path: string) => page.goto(latchkey() + path),
    /** Resolves once a page is at a path of the service. */
    isAt: (page: Page, path: string) => page.waitForURL((url) => url.href.startsWith(latchkey() + path)),
  };
}
