import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Client, ClientEvent, ClientOptions } from '../../../client/src/index.ts';
import { createTestClock, startApp, type TestApp, type TestClock } from '../../support/app.ts';
import { freePort } from '../../support/mysql-server.ts';
import { aPerson } from '../../support/people.ts';
import { serve } from '../../support/serve.ts';
import { createMigratedDatabase } from '../../support/template.ts';
import type { TestDatabase } from '../../support/test-database.ts';

declare global {
  interface Window {
    readonly latchkey: Client;
    readonly events: ClientEvent[];
    /** Of the client of this page. */
    readonly clientOptions?: PageOptions;
  }
}

/** Of the client of a page; the URL is that of the service. */
export type PageOptions = Pick<ClientOptions, 'transport' | 'origins'> & {
  readonly storage?: 'localStorage';
};

const CLIENT = fileURLToPath(new URL('../../../client/src/index.ts', import.meta.url));

const SCRIPT = `
import { createClient } from ${JSON.stringify(CLIENT)};
const { storage, ...options } = window.clientOptions;
window.events = [];
window.latchkey = createClient({
  ...options,
  ...(storage && { storage: window[storage] }),
  onEvent: (event) => window.events.push(event),
});
`;
const PAGE =
  '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><script type="module" src="/app.js"></script></html>';

/** A page without a script. */
const EMPTY = '/empty';

/** Scripts by the paths that they are served at: their text, or a file. */
type Scripts = Readonly<Record<string, string | URL>>;

/** A page with the client of this package, as a bundler makes it, and what it is served from. */
export async function serveClientPage(scripts: Scripts = { '/app.js': SCRIPT }) {
  const bundles = new Map<string | undefined, string>();
  const resolveDir = fileURLToPath(new URL('.', import.meta.url));
  for (const [path, script] of Object.entries(scripts)) {
    const bundle = await build({
      ...(typeof script === 'string'
        ? { stdin: { contents: script, resolveDir } }
        : { entryPoints: [fileURLToPath(script)] }),
      bundle: true,
      format: 'esm',
      write: false,
    });
    bundles.set(path, bundle.outputFiles[0]?.text ?? '');
  }
  return serve((req, res) => {
    const code = bundles.get(req.url);
    const [type, body] =
      code === undefined ? ['text/html', req.url === EMPTY ? '' : PAGE] : ['text/javascript', code];
    res.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(body);
  });
}

/** What is asked of the service, and what it answers. */
interface Answer {
  readonly path: string;
  readonly status: number;
}

/** What happens to an answer in place of being sent. */
interface Intervention {
  readonly path: RegExp;
  readonly take: (res: ServerResponse, send: () => void) => void;
}

/** Variables of the service, or what says them once the suite runs. */
type Variables = Record<string, string> | ((urls: { readonly pageUrl: string }) => Record<string, string>);

/** The service and a page of another host of its site, which browsers trust although they have no TLS. */
export function useClientSite(env: Variables = {}, scripts?: Scripts, clock: TestClock = createTestClock()) {
  let app: TestApp;
  let port: number;
  let database: TestDatabase;
  let server: Awaited<ReturnType<typeof serveClientPage>>;
  const answers: Answer[] = [];
  const interventions: Intervention[] = [];

  const latchkeyUrl = () => `http://auth.corp.localhost:${port}`;
  const pageUrl = () => `http://app.corp.localhost:${server.port}`;

  beforeAll(async () => {
    server = await serveClientPage(scripts);
    port = await freePort();
    database = await createMigratedDatabase('SQLite');
    await start();
  });
  afterAll(async () => {
    await app.stop();
    await database.drop();
    await server.stop();
  });

  /** The service on its port and its database, which outlive it. */
  async function start(): Promise<void> {
    app = await startApp(
      'SQLite',
      {
        PUBLIC_URL: latchkeyUrl(),
        CORS_ORIGINS: pageUrl(),
        RETURN_URLS: pageUrl(),
        LOG_LEVEL: 'warn',
        ...(typeof env === 'function' ? env({ pageUrl: pageUrl() }) : env),
      },
      () => database.url,
      { port, clock },
    );
    // The time of Node is that of the machine, and this one may be moved.
    app.server.prependListener('request', (req, res) => {
      res.setHeader('Date', new Date(clock.now()).toUTCString());
      // Preflights are of the browser.
      if (req.method === 'OPTIONS') return;
      intervene(req, res);
      res.once('finish', () => answers.push({ path: req.url?.split('?')[0] ?? '', status: res.statusCode }));
    });
  }

  function intervene({ url = '' }: IncomingMessage, res: ServerResponse): void {
    const index = interventions.findIndex(({ path }) => path.test(url));
    const [intervention] = index < 0 ? [] : interventions.splice(index, 1);
    if (intervention === undefined) return;
    const end = res.end.bind(res) as (...parameters: unknown[]) => ServerResponse;
    res.end = (...parameters: unknown[]) => {
      intervention.take(res, () => end(...parameters));
      return res;
    };
  }

  /** Resolves once the service has done what the next request for such a path asks, with what sends its answer. */
  const heldAnswer = (path: RegExp) =>
    new Promise<() => void>((resolve) => {
      interventions.push({ path, take: (_res, send) => resolve(send) });
    });

  /** Resolves once the service has answered the next request for such a path by half, and cut the connection. */
  const cutAnswer = (path: RegExp) =>
    new Promise<void>((resolve) => {
      const take = (res: ServerResponse) => {
        // Where nothing has come at all, a browser itself sends the request again on another connection.
        res.flushHeaders();
        res.socket?.end(resolve);
      };
      interventions.push({ path, take });
    });

  return {
    get app() {
      return app;
    },
    latchkeyUrl,
    pageUrl,
    /** What gives a page the options of its client, before its scripts run. */
    optionsScript: (options: PageOptions) =>
      `window.clientOptions = ${JSON.stringify({ url: latchkeyUrl(), ...options })};`,
    heldAnswer,
    cutAnswer,
    /** What the service has answered so far. */
    answers,
    /** How often it was asked for another access token, and how many requests it refused, since the last time. */
    counts() {
      const seen = answers.splice(0);
      return {
        renewals: seen.filter(({ path }) => path === '/refresh' || path === '/session/token').length,
        refusals: seen.filter(({ status }) => status >= 400).length,
      };
    },
    /** Ends the service. */
    goDown: () => app.stop(),
    /** Starts it again, with the database that it had. */
    comeBack: start,
  };
}

export type Site = ReturnType<typeof useClientSite>;

/** The same with tabs of Chromium. */
export function useClientPage(browser: Browser, ...given: Parameters<typeof useClientSite>) {
  const inUse = { own: [] as BrowserContext[], emptied: [] as [options: string, BrowserContext][] };
  const idle = new Map<string, BrowserContext[]>();
  const site = useClientSite(...given);
  const emptyUrl = () => `${site.pageUrl()}${EMPTY}`;

  afterEach(async () => {
    for (const context of inUse.own.splice(0)) await context.close();
    for (const [options, context] of inUse.emptied.splice(0)) {
      await empty(context);
      idle.set(options, [...(idle.get(options) ?? []), context]);
    }
  });

  /** A profile of the browser whose pages have such a client. */
  async function newProfile(options: PageOptions): Promise<BrowserContext> {
    const context = await browserContext(options);
    inUse.own.push(context);
    return context;
  }

  /**
   * The same for a test that leaves nothing behind but pages, cookies and what is stored: an earlier one's, emptied, as
   * each new tab costs a process of the browser, which takes three times as long to start as a page to load.
   */
  async function emptyProfile(options: PageOptions): Promise<BrowserContext> {
    const kind = JSON.stringify(options);
    const context = idle.get(kind)?.pop() ?? (await browserContext(options));
    inUse.emptied.push([kind, context]);
    return context;
  }

  async function browserContext(options: PageOptions): Promise<BrowserContext> {
    const context = await browser.newContext();
    await context.addInitScript(site.optionsScript(options));
    return context;
  }

  async function empty(context: BrowserContext): Promise<void> {
    const pages = context.pages();
    // What runs on one may tell the others.
    for (const page of pages) await page.goto(emptyUrl());
    for (const page of pages) {
      await page.evaluate(() => {
        localStorage.clear();
        sessionStorage.clear();
      });
    }
    await context.clearCookies();
  }

  /** A tab with nothing in it. */
  const emptyTab = async (context: BrowserContext): Promise<Page> =>
    context.pages().find((page) => page.url() === emptyUrl()) ?? context.newPage();

  /** Another tab of a profile, once its client knows who is signed in. */
  async function openTab(context: BrowserContext, path = '/'): Promise<Page> {
    const page = await emptyTab(context);
    await page.goto(new URL(path, site.pageUrl()).href);
    await isReady(page);
    return page;
  }

  return {
    ...site,
    get app() {
      return site.app;
    },
    newProfile,
    emptyProfile,
    emptyTab,
    openTab,
  };
}

/** Resolves once the client of a page that has loaded knows who is signed in. */
export const isReady = (page: Page) => page.evaluate(() => window.latchkey.ready());

/** What the client of a page shows. */
export const sessionOf = (page: Page) => page.evaluate(() => window.latchkey.session);

/** What a page may show: a status, and things of a user. */
interface Shown {
  readonly status?: Client['session']['status'];
  readonly user?: { readonly email?: string; readonly name?: string };
}

/**
 * Resolves once the client of a page that has loaded shows this. The page itself tells: to poll, Playwright loads scripts
 * of its own into each page, which cost more than the page.
 */
export const showsSession = (page: Page, { status, user = {} }: Shown) =>
  page.evaluate(
    async ([status, user]) => {
      const { latchkey } = window;
      while (
        (status ?? latchkey.session.status) !== latchkey.session.status ||
        Object.entries(user).some(([name, value]) => Object(latchkey.session.user)[name] !== value)
      )
        await new Promise((resolve) => latchkey.subscribe(resolve));
    },
    [status, user] as const,
  );

/** Resolves once the client of a page that has loaded has this status. */
export const shows = (page: Page, status: Client['session']['status']) => showsSession(page, { status });

/** Signs a new person up on a page. */
export async function signUpOn(page: Page, person = aPerson()) {
  await page.evaluate((account) => window.latchkey.signUp(account), person);
  return person;
}

/** The statuses of that many requests at once; the code of the error where there is no answer. */
export const ask = (page: Page, url: string, count = 1) =>
  page.evaluate(
    ([url, count]) =>
      Promise.all(
        Array.from({ length: count }, () =>
          window.latchkey.fetch(url).then(
            ({ status }) => status,
            ({ code, name }) => String(code ?? name),
          ),
        ),
      ),
    [url, count] as const,
  );

/** The types of what has happened to the session of a page. */
export const eventsOf = (page: Page) => page.evaluate(() => window.events.map(({ type }) => type));

/** The methods of a client that do something. */
type Method = Extract<
  {
    [Name in keyof Client]: Client[Name] extends (...parameters: never) => unknown ? Name : never;
  }[keyof Client],
  string
>;

/** The code of the error with which a method fails on a page, and the name of one that has none. */
export const failureOn = <Name extends Method>(
  page: Page,
  method: Name,
  ...given: Parameters<Client[Name]>
) =>
  page.evaluate(
    async ([method, given]) => {
      const call = window.latchkey[method] as (...given: unknown[]) => unknown;
      try {
        await call(...given);
        return 'none';
      } catch (error) {
        const { code, name } = error as { code?: unknown; name: string };
        return typeof code === 'string' ? code : name;
      }
    },
    [method, given] as const,
  );
