import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { codeOf } from '../support/factors.ts';
import { onChromium } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { useContexts } from '../support/page-app.ts';
import { aPerson, type Person } from '../support/people.ts';
import { QUICK } from '../support/posts-service.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import {
  buildWithVite,
  describeWithVite,
  installClient,
  packClient,
  run,
} from './support/installed-client.ts';

declare global {
  interface Window {
    readonly listPosts: () => Promise<unknown>;
  }
}

const DOCS = readFileSync(new URL('../../docs/frontend.md', import.meta.url), 'utf8');
const README = readFileSync(new URL('../../client/README.md', import.meta.url), 'utf8');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

const sectionOf = (heading: string) => DOCS.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

/** The files of a section, by the paths that stand above them. */
function filesOf(heading: string): Map<string, string> {
  const blocks = sectionOf(heading).matchAll(/^`my-app\/([^`\n]+)`:\n\n```\w+\n(.+?)^```$/gms);
  return new Map([...blocks].map(([, path = '', text = '']) => [path, text]));
}

/** What `npm create vite` makes, besides the files of the page. */
const TEMPLATES: Record<string, { readonly packages: string[]; readonly files: Record<string, string> }> = {
  React: {
    packages: ['vite', '@vitejs/plugin-react', 'react', 'react-dom'],
    files: {
      'vite.config.js': `import react from '@vitejs/plugin-react';
export default { plugins: [react()] };`,
      'index.html': '<div id="root"></div><script type="module" src="/src/main.jsx"></script>',
      'src/main.jsx': `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import App from './App.jsx';
import { listPosts } from './posts.js';

window.listPosts = listPosts;
createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);`,
    },
  },
  Vue: {
    packages: ['vite', '@vitejs/plugin-vue', 'vue'],
    files: {
      'vite.config.js': `import vue from '@vitejs/plugin-vue';
export default { plugins: [vue()] };`,
      'index.html': '<div id="app"></div><script type="module" src="/src/main.js"></script>',
      'src/main.js': `import { createApp } from 'vue';
import App from './App.vue';

createApp(App).mount('#app');`,
    },
  },
};

onChromium((chromium) => {
  const newDirectory = useDirectories();
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const servers: ReturnType<typeof createServer>[] = [];
  let latchkey: ServerProcess;
  let latchkeyUrl: string;
  let serviceUrl: string;
  let installed: string;

  beforeAll(async () => {
    const port = await freePort();
    latchkeyUrl = `http://localhost:${port}`;
    latchkey = await startServer(newDirectory(), { ...QUICK, PORT: String(port), PUBLIC_URL: latchkeyUrl });
    serviceUrl = await serve(answerPosts);
    installed = newDirectory();
    await installClient(installed, await packClient(newDirectory()));
  });
  afterAll(async () => {
    await latchkey.stop();
    for (const server of servers) server.close();
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://localhost:${(server.address() as AddressInfo).port}`;
  }

  /** A service on another origin, whose callers have to be signed in. */
  async function answerPosts(...[req, res]: Parameters<RequestListener>): Promise<void> {
    const { authorization = '', origin = '' } = req.headers;
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Allow-Headers', 'Authorization');
    if (req.method === 'OPTIONS') return void res.end();
    const { status } = await fetch(`${latchkeyUrl}/verify`, { headers: { authorization } });
    res.writeHead(status, { 'Content-Type': 'application/json' }).end('[{"title":"First"}]');
  }

  /** Serves a directory, with the policy that the page recommends. */
  const serveFiles = (directory: string) =>
    serve((req, res) => {
      const { pathname } = new URL(req.url ?? '', 'http://localhost');
      const path = join(directory, pathname === '/' ? 'index.html' : pathname);
      if (!existsSync(path)) return res.writeHead(404).end();
      const policy = `script-src 'self'; connect-src 'self' ${latchkeyUrl} ${serviceUrl}`;
      const type = `${TYPES[extname(path)]}; charset=utf-8`;
      res.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy });
      return res.end(readFileSync(path));
    });

  /** A project as the page makes it, with the addresses of this test. */
  function newProject(heading: string): string {
    const project = newDirectory();
    cpSync(installed, project, { recursive: true });
    const files = [...Object.entries(TEMPLATES[heading]?.files ?? {}), ...filesOf(heading)];
    for (const [path, text] of files) {
      const here = text
        .replaceAll('http://localhost:3000', latchkeyUrl)
        .replaceAll('http://localhost:4000', serviceUrl);
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), here);
    }
    return project;
  }

  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const greets = (page: Page, { email }: Person) => page.getByText(`Hello, ${email}`).waitFor();
  const says = (page: Page, words: string) => page.getByRole('alert').filter({ hasText: words }).waitFor();

  async function fillIn(page: Page, { email, password }: Person, name: string): Promise<void> {
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await button(page, name).click();
  }

  async function openTab(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** Has an account ask for a second factor from now on. Returns the secret of the app. */
  async function addSecondFactor({ email, password }: Person): Promise<string> {
    let token = '';
    const post = async (path: string, body: object) => {
      const headers = {
        'Content-Type': 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
      };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await (await fetch(`${latchkeyUrl}${path}`, init)).json()) as Record<string, string>;
    };
    ({ access_token: token = '' } = await post('/login', { email, password }));
    const { factor_id, secret = '' } = await post('/me/factors/totp', {});
    await post(`/me/factors/totp/${factor_id}/confirm`, { code: codeNow(secret) });
    return secret;
  }

  const codeNow = (secret: string, steps = 0) => codeOf({ clock: { now: Date.now } as never }, secret, steps);

  /** What the page says that people can do there. */
  async function takeTour(url: string): Promise<Page> {
    const context = await newContext();
    const person = aPerson();
    const page = await openTab(context, url);

    await fillIn(page, { ...person, password: 'short' }, 'Sign up');
    await says(page, 'A password has at least 8 characters.');
    await fillIn(page, person, 'Sign up');
    await greets(page, person);
    await page.reload();
    await greets(page, person);
    const other = await openTab(context, url);
    await greets(other, person);
    await button(other, 'Sign out').click();
    await button(page, 'Sign in').waitFor();

    await fillIn(page, { ...person, password: 'a password of nobody' }, 'Sign in');
    await says(page, 'Address or password is wrong.');
    await fillIn(page, person, 'Sign in');
    await greets(page, person);
    await greets(other, person);

    const secret = await addSecondFactor(person);
    await button(page, 'Sign out').click();
    await fillIn(page, person, 'Sign in');
    await button(page, 'Start again').click();
    await fillIn(page, person, 'Sign in');
    await page.getByLabel('Code from your app').fill('000000');
    await button(page, 'Continue').click();
    await says(page, 'That code is wrong, or was used before.');
    await page.getByLabel('Code from your app').fill(codeNow(secret, 1));
    await button(page, 'Continue').click();
    await greets(page, person);
    return page;
  }

  describe('docs/frontend.md', () => {
    it('leads to a page of plain HTML that signs in, without a build', async () => {
      const project = newProject('Plain HTML');
      const [copy = ''] = /^cp .+$/m.exec(sectionOf('Plain HTML')) ?? [];
      await run('sh', ['-c', copy], { cwd: project });

      await takeTour(await serveFiles(project));
    });

    it('names the tarball that is packed', () => {
      const { version } = JSON.parse(
        readFileSync(join(installed, 'node_modules/@latchkey/client/package.json'), 'utf8'),
      );
      const named = [...DOCS.matchAll(/latchkey-client-[\w.]+\.tgz/g)].map(([name]) => name);

      expect(new Set(named)).toEqual(new Set([`latchkey-client-${version}.tgz`]));
    });

    describeWithVite('with Vite', () => {
      it('leads to an app in React that signs in, and calls another service', async () => {
        const project = newProject('React');
        await buildWithVite(project, TEMPLATES.React?.packages);

        const page = await takeTour(await serveFiles(join(project, 'dist')));

        expect(await page.evaluate(() => window.listPosts())).toEqual([{ title: 'First' }]);
        await button(page, 'Sign out').click();
        await button(page, 'Sign in').waitFor();
        await expect(page.evaluate(() => window.listPosts())).rejects.toThrow('the service answered 401');
      });

      it('leads to an app in Vue that signs in', async () => {
        const project = newProject('Vue');
        await buildWithVite(project, TEMPLATES.Vue?.packages);

        await takeTour(await serveFiles(join(project, 'dist')));
      });

      it("has a client whose worker keeps its tokens, as the package's README writes it", async () => {
        const [, worker = ''] = /^```js\n(\/\/ latchkey-worker\.js\n.+?)^```$/ms.exec(README) ?? [];
        const [, client = ''] = /^```js\n([^`]+workerFetch[^`]+)^```$/m.exec(README) ?? [];
        const project = newProject('Plain HTML');
        for (const [path, text] of Object.entries({
          'index.html': '<script type="module" src="/main.js"></script>',
          'main.js': `import { client } from './client.js';\nwindow.latchkey = client;`,
          'client.js': client.replaceAll('https://auth.example.com', latchkeyUrl),
          'latchkey-worker.js': worker,
        }))
          writeFileSync(join(project, path), text);
        await buildWithVite(project);
        const page = await openTab(await newContext(), await serveFiles(join(project, 'dist')));
        await page.evaluate((person) => window.latchkey.signUp(person), aPerson());

        await page.reload();
        await page.waitForFunction(() => window.latchkey?.session.status === 'signed-in');
        const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));

        // A UUID: a handle of the worker.
        expect(kept).toMatch(/"refreshToken\\+":\\+"[\da-f-]{36}\\+"/);
      });
    });
  });
});
