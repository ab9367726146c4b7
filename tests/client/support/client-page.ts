import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Client, ClientEvent, ClientOptions } from '../../../client/src/index.ts';
import { startApp, type TestApp } from '../../support/app.ts';

declare global {
  interface Window {
    readonly latchkey: Client;
    readonly events: ClientEvent[];
    /** Of the client of this page. */
    readonly clientOptions?: ClientOptions & { readonly storage?: 'localStorage' };
  }
}

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
  const server = createServer((req, res) => {
    const code = bundles.get(req.url);
    const [type, body] = code === undefined ? ['text/html', PAGE] : ['text/javascript', code];
    res.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The service and a page of another host of its site, which the browser trusts although they have no TLS. */
export function useClientPage(browser: Browser, env: Record<string, string> = {}, scripts?: Scripts) {
  let app: TestApp;
  let server: Awaited<ReturnType<typeof serveClientPage>>;
  const contexts: BrowserContext[] = [];
  const answers: { readonly path: string; readonly status: number }[] = [];

  const latchkeyUrl = () => `http://auth.corp.localhost:${app.port}`;
  const pageUrl = () => `http://app.corp.localhost:${server.port}`;

  beforeAll(async () => {
    server = await serveClientPage(scripts);
    app = await startApp('SQLite', {
      CORS_ORIGINS: pageUrl(),
      RETURN_URLS: pageUrl(),
      LOG_LEVEL: 'warn',
      ...env,
    });
    // The time of Node is that of the machine, and this one may be moved.
    app.server.prependListener('request', (req, res) => {
      res.setHeader('Date', new Date(app.clock.now()).toUTCString());
      // Preflights are of the browser.
      if (req.method === 'OPTIONS') return;
      res.once('finish', () => answers.push({ path: req.url?.split('?')[0] ?? '', status: res.statusCode }));
    });
  });
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await app.stop();
    await server.stop();
  });

  /** A profile of the browser whose pages have such a client. */
  async function newProfile(options: Partial<Window['clientOptions']> = {}): Promise<BrowserContext> {
    const context = await browser.newContext();
    contexts.push(context);
    const clientOptions = { url: latchkeyUrl(), transport: 'cookie', ...options };
    await context.addInitScript(`window.clientOptions = ${JSON.stringify(clientOptions)};`);
    return context;
  }

  /** Another tab of a profile, once its client knows who is signed in. */
  async function openTab(context: BrowserContext, path = '/'): Promise<Page> {
    const page = await context.newPage();
    await page.goto(pageUrl() + path);
    await page.waitForFunction(() => window.latchkey?.session.status !== 'loading' || false);
    return page;
  }

  return {
    get app() {
      return app;
    },
    latchkeyUrl,
    pageUrl,
    newProfile,
    openTab,
    /** What the service has answered so far. */
    answers,
  };
}

/** What the client of a page shows. */
export const sessionOf = (page: Page) => page.evaluate(() => window.latchkey.session);

/** Resolves once the client of a page shows this. */
export const shows = (page: Page, status: Client['session']['status']) =>
  page.waitForFunction((wanted) => window.latchkey.session.status === wanted, status, { polling: 10 });
