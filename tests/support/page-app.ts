import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { PUBLIC_URL, startApp, type TestApp } from './app.ts';
import { serveLinkApp } from './link-app.ts';
import { aPerson } from './people.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The source is half a megabyte, which takes longer to get to a page than to run there. */
const LOAD_AXE = `globalThis.loadAxe = () => {${AXE}\n}`;
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds. */
type AxeViolations = readonly {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}[];

/**
 * The service and an app on two hosts of one site, which a browser trusts although they have no TLS, so that it sends
 * Sec-Fetch-Site: `*.localhost` is this machine, and `corp.localhost` a site of its own.
 */
export function usePageApp(env: Record<string, string> = {}) {
  let app: TestApp;
  let page: Awaited<ReturnType<typeof serveLinkApp>>;

  const latchkey = () => `http://auth.corp.localhost:${app.port}`;
  const appUrl = () => `http://app.corp.localhost:${page.port}`;

  beforeAll(async () => {
    page = await serveLinkApp();
    const origins = { CORS_ORIGINS: appUrl(), RETURN_URLS: `${appUrl()},com.example.app:/signed-in` };
    // Where nothing sends them, messages with what they hold are logged for developers to see.
    const github = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' };
    app = await startApp('SQLite', { ...origins, ...github, LOG_LEVEL: 'warn', ...env });
    page.callsLatchkeyAt(latchkey());
  });
  afterAll(async () => {
    await app.stop();
    await page.stop();
  });

  /** The links and codes that were sent to an address, the latest first. */
  async function messagesTo(address: string) {
    await app.outbox.settled();
    const messages = await app.outbox.listLatest(500);
    return messages
      .filter(({ to }) => to === address)
      .map(({ data }) => {
        const { link = '', code = '' } = data as { link?: string; code?: string };
        return { link: link.replace(PUBLIC_URL, latchkey()), code };
      });
  }

  async function latestTo(address: string) {
    const [message] = await messagesTo(address);
    if (message === undefined) throw new Error(`nothing was sent to ${address}`);
    return message;
  }

  /** The cookies of Latchkey that a browser has. */
  async function cookieHeader(context: BrowserContext): Promise<string> {
    return (await context.cookies(latchkey())).map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** A link to sign in with that this browser asks for, as the script of the app does. */
  async function linkFor(
    context: BrowserContext,
    details: { readonly email?: string; readonly [name: string]: unknown } = {},
  ) {
    const { email = aPerson().email } = details;
    // Messages of one moment are in no order.
    app.clock.advanceSeconds(1);
    const response = await app
      .post('/login/link')
      .set({ Origin: appUrl(), Cookie: await cookieHeader(context) })
      .send({ return_to: `${appUrl()}/signed-in`, ...details, email })
      .expect(202);
    const { challenge_id: challengeId } = response.body as { challenge_id: string };
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(response.get('Set-Cookie')?.[0] ?? '') ?? [];
    await context.addCookies([{ name, value, url: latchkey(), httpOnly: true, sameSite: 'Lax' }]);
    return { email, challengeId, link: (await latestTo(email)).link };
  }

  return {
    get app() {
      return app;
    },
    latchkey,
    appUrl,
    messagesTo,
    latestTo,
    linkFor,
    cookieHeader,
  };
}

export type PageApp = ReturnType<typeof usePageApp>;

/** Browser profiles, each of which is closed at the end of the test: pages that stay open slow down those that follow. */
export function useContexts(browser: Browser) {
  const contexts: BrowserContext[] = [];
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  return async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext(options);
    contexts.push(context);
    return context;
  };
}

export const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();

export const heading = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

/** Gives each document that a page loads from now on what axe is made of, so that it need not be sent to each. */
export const bringAxe = (page: Page) => page.addInitScript(LOAD_AXE);

/**
 * What axe finds wrong with a page, whose context has to bypass its Content-Security-Policy: by its rules for WCAG, or by the
 * rules of these names.
 */
export async function axeViolations(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'loadAxe' in globalThis"))) await page.evaluate(LOAD_AXE);
  const runOnly = rules === undefined ? { type: 'tag', values: TAGS } : { type: 'rule', values: rules };
  // What passes is much, and nobody looks at it.
  const options = { runOnly, resultTypes: ['violations'] };
  const violations = await page.evaluate<AxeViolations>(
    `globalThis.axe ?? loadAxe(), axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  );
}
