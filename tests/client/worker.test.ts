import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { WorkerAnswer, WorkerRequest } from '../../client/src/worker-fetch.ts';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { aPerson } from '../support/people.ts';
import { sessionOf, shows, useClientPage } from './support/client-page.ts';

declare global {
  interface Window {
    /** All that a script of the page can get hold of: messages, and the answers of its own requests. */
    readonly seen: string[];
    readonly askWorker: (request: WorkerRequest) => Promise<WorkerAnswer>;
  }
}

const LIFETIME_SECONDS = 900;
const source = (name: string) => new URL(`../../client/src/${name}.ts`, import.meta.url);
const quoted = (name: string) => JSON.stringify(fileURLToPath(source(name)));

const APP = `
import { createClient } from ${quoted('index')};
import { workerFetch } from ${quoted('worker-fetch')};

const { kind, storage, extendedLifetime, ...options } = window.clientOptions;
window.seen = [];
const see = (value) => window.seen.push(typeof value === 'string' ? value : JSON.stringify(value));
const pageFetch = window.fetch;
window.fetch = async (...parameters) => {
  const response = await pageFetch(...parameters);
  see(await response.clone().text());
  return response;
};
window.channels = ['latchkey:token:', 'latchkey-worker:'].map((name) => new BroadcastChannel(name + options.url));
for (const channel of window.channels)
  channel.onmessage = ({ data }) => see(data);

const worker = kind && new window[kind]('/worker.js' + location.hash, {
  type: 'module',
  name: options.url,
  extendedLifetime,
});
const port = worker?.port ?? worker;
port?.addEventListener('message', ({ data }) => see(data));
window.askWorker = (request) =>
  new Promise((resolve) => {
    port.addEventListener('message', ({ data }) => data.id === request.id && resolve(data));
    port.postMessage(request);
  });
window.latchkey = createClient({
  ...options,
  transport: 'token',
  ...(worker && { fetch: workerFetch(options.url, worker) }),
  ...(storage && { storage: window[storage] }),
});
`;

onChromium((chromium) => {
  const site = useClientPage(useBrowser(chromium), {}, { '/app.js': APP, '/worker.js': source('worker') });
  /** The refresh tokens that the service has given out. */
  const issued = new Set<string>();
  let elsewhere: ReturnType<typeof createServer>;
  let requestsElsewhere = 0;

  beforeAll(async () => {
    site.app.server.prependListener('request', (_req, res) => {
      const end = res.end.bind(res) as (...parameters: unknown[]) => typeof res;
      res.end = (...parameters: unknown[]) => {
        const [, token] = /"refresh_token":"([^"]+)"/.exec(String(parameters[0])) ?? [];
        if (token !== undefined) issued.add(token);
        return end(...parameters);
      };
    });
    elsewhere = createServer((_req, res) => {
      requestsElsewhere++;
      res.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('{}');
    });
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => void elsewhere.close());

  const newProfile = (kind: string | undefined, options = {}) =>
    site.newProfile({ kind, ...options } as never);
  const signUp = (page: Page) => page.evaluate((person) => window.latchkey.signUp(person), aPerson());
  const askAfterExpiry = (page: Page) => {
    site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
    return page.evaluate(
      async (url) => (await window.latchkey.fetch(url)).status,
      `${site.latchkeyUrl()}/me`,
    );
  };

  /** All that a script in one of these tabs can have read. */
  async function seenIn(tabs: readonly Page[]): Promise<string> {
    const seen = tabs.map((tab) =>
      tab.evaluate(() => JSON.stringify([window.seen, { ...localStorage }, { ...sessionStorage }])),
    );
    return (await Promise.all(seen)).join('\n');
  }

  async function signedInTabs(kind: string | undefined, options = {}) {
    const profile = await newProfile(kind, options);
    const first = await site.openTab(profile);
    await signUp(first);
    const second = await site.openTab(profile);
    return [first, second] as const;
  }

  describe('Without a worker', () => {
    it('a script in the page can read the refresh token', async () => {
      issued.clear();
      const tabs = await signedInTabs(undefined);

      const seen = await seenIn(tabs);

      expect([...issued].filter((token) => seen.includes(token))).toHaveLength(1);
    });
  });

  describe('With a SharedWorker that the browser keeps for a while', () => {
    it('a session goes on when its only tab is loaded again', async () => {
      const options = { storage: 'sessionStorage', extendedLifetime: true };
      const tab = await site.openTab(await newProfile('SharedWorker', options));
      await signUp(tab);

      await tab.reload();
      await shows(tab, 'signed-in');

      expect(await askAfterExpiry(tab)).toBe(200);
    });
  });

  describe.each(['SharedWorker', 'Worker'])('With a %s', (kind) => {
    it.each([
      ['memory', {}],
      ['localStorage', { storage: 'localStorage' }],
    ])('two tabs renew in turns, and nothing in them has the refresh token: %s', async (_name, options) => {
      issued.clear();
      const [first, second] = await signedInTabs(kind, options);
      site.answers.splice(0);

      const statuses = [];
      for (const tab of [second, first, second, first]) statuses.push(await askAfterExpiry(tab));
      const seen = await seenIn([first, second]);

      expect(statuses).toEqual([200, 200, 200, 200]);
      expect(await sessionOf(first)).toMatchObject({ status: 'signed-in' });
      expect(await sessionOf(second)).toEqual(await sessionOf(first));
      const renewals = site.answers.filter(({ path }) => path === '/refresh');
      expect(renewals).toEqual(Array(4).fill({ path: '/refresh', status: 200 }));
      expect(issued.size).toBe(5);
      expect([...issued].filter((token) => seen.includes(token))).toEqual([]);
    });

    it('a sign-out in the other tab ends the session', async () => {
      const [first, second] = await signedInTabs(kind);

      await second.evaluate(() => window.latchkey.signOut());

      expect(site.answers.at(-1)).toEqual({ path: '/logout', status: 204 });
      await shows(first, 'signed-out');
    });

    it('a script in the page cannot have the token sent elsewhere', async () => {
      const [tab] = await signedInTabs(kind);
      const [, handle] = /"refreshToken\\*":\\*"([\w-]+)/.exec(await seenIn([tab])) ?? [];
      const there = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
      const base = site.latchkeyUrl();
      const urls = [
        `http://${there}/refresh`,
        `${base}@${there}/refresh`,
        `${base}.${there}/refresh`,
        `${base}/me`,
        `${base}/login/../me`,
        `${base}/login/%2e%2e/me`,
        `${base}/login/..\\me`,
        `/refresh`,
      ];

      const answers = [];
      for (const [index, url] of urls.entries()) {
        const body = JSON.stringify({ refresh_token: handle });
        const request = { id: `script-${index}`, url, method: 'POST', headers: {}, body };
        answers.push(await tab.evaluate((request) => window.askWorker(request), request));
      }

      expect(handle).toBeDefined();
      expect(answers).toEqual(
        urls.map((url, index) => ({
          id: `script-${index}`,
          error: `this worker sends nothing to ${url}`,
        })),
      );
      expect(requestsElsewhere).toBe(0);
    });

    it('a session whose worker is gone ends at its next renewal, and says so', async () => {
      const profile = await newProfile(kind, { storage: 'localStorage' });
      const tab = await site.openTab(profile);
      await signUp(tab);
      await tab.close();
      // A browser may take its time to end a worker without tabs: this one is another.
      const later = await site.openTab(profile, '/#again');
      expect(await sessionOf(later)).toMatchObject({ status: 'signed-in' });

      const status = await askAfterExpiry(later);

      expect(status).toBe(401);
      expect(await sessionOf(later)).toEqual({ status: 'signed-out', user: null, reason: 'worker_gone' });
    });
  });
});
