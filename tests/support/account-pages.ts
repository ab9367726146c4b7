import { afterAll, beforeAll } from '@jest/globals';
import type { BrowserContext } from 'playwright-core';
import { startApp, type TestApp } from './app.ts';
import { freePort } from './mysql-server.ts';
import { createVisitor, type Visitor } from './page-visitor.ts';
import { type Person, signUp } from './people.ts';

/** A user agent that people would know as Firefox on Windows. */
export const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0';

/** A page of each kind of the account, which all show something to a user who is signed in. */
export const ACCOUNT_PATHS = [
  '/account',
  '/account/profile',
  '/account/email',
  '/account/phone',
  '/account/password',
  '/account/factors',
  '/account/devices',
  '/account/keys',
  '/account/providers',
  '/account/activity',
  '/account/data',
  '/account/secure',
  '/account/confirm',
] as const;

/** Signs in on the page for it. */
export async function signInOn(visitor: Visitor, { email, password }: Person): Promise<void> {
  await visitor.visit('/sign-in');
  await visitor.press('password', { identifier: email, password });
}

/** A person who is signed in on the pages, and also by a token, for what the API says. */
export async function anOwner(app: TestApp, details: Partial<Person> = {}) {
  const person = await signUp(app, details);
  const visitor = createVisitor(app);
  await signInOn(visitor, person);
  return { ...person, visitor };
}

/** Moves the clock so far that a sign-in is no longer a recent one. */
export function letSignInsAge({ clock, config }: Pick<TestApp, 'clock' | 'config'>): void {
  clock.advanceSeconds(config.codes.recentSignInSeconds + 1);
}

/** One app for the suite at hand, at an address that a browser trusts although it has no TLS. */
export function useAccountSite(env: Record<string, string> = {}) {
  let app: TestApp;
  let url = '';
  beforeAll(async () => {
    const port = await freePort();
    url = `http://localhost:${port}`;
    app = await startApp('SQLite', { PUBLIC_URL: url, ...env }, undefined, { port });
  });
  afterAll(() => app.stop());
  return {
    get app() {
      return app;
    },
    at: (path: string) => url + path,
    /** Gives a browser the cookies of a visitor, also those that only a site with TLS may set. */
    giveCookies: (context: BrowserContext, { cookies }: Visitor) =>
      context.addCookies(
        [...cookies].map(([name, value]) => {
          const of = name.startsWith('__Host-') ? url.replace('http:', 'https:') : url;
          return { name, value, url: of, httpOnly: true };
        }),
      ),
  };
}
