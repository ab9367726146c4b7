import { describe, expect, it } from '@jest/globals';
import { createClient } from '../../client/src/index.ts';
import { useApp } from '../support/app.ts';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { aPerson } from '../support/people.ts';
import { useServer } from '../support/serve.ts';
import { signUpOn, useClientPage } from './support/client-page.ts';

describe('A client of a Latchkey below a path', () => {
  const app = useApp('SQLite');

  it('gives its access token to nothing else at that origin', async () => {
    const requests: { readonly path: string; readonly hasToken: boolean }[] = [];
    const client = createClient({
      url: `${app.url.replace('http:', 'HTTP:')}/auth/`,
      transport: 'token',
      // As a proxy leads there.
      fetch(input, init) {
        const url = new URL(String(input));
        requests.push({ path: url.pathname, hasToken: new Headers(init?.headers).has('authorization') });
        url.pathname = url.pathname.replace(/^\/auth/, '');
        return fetch(url, init);
      },
    });
    await client.signUp(aPerson());
    requests.splice(0);

    for (const path of ['/auth/me', '/authors', '/auth/../me', '/auth/%2e%2e/me', '/me'])
      await client.fetch(app.url + path);

    expect(requests).toEqual([
      { path: '/auth/me', hasToken: true },
      ...['/authors', '/me', '/me', '/me'].map((path) => ({ path, hasToken: false })),
    ]);
    client.close();
  });
});

onChromium((chromium) => {
  const site = useClientPage(useBrowser(chromium));
  const authorizations: (string | undefined)[] = [];
  const elsewhere = useServer(({ method, headers }, res) => {
    if (method !== 'OPTIONS') authorizations.push(headers.authorization);
    res
      .setHeader('Access-Control-Allow-Origin', '*')
      .setHeader('Access-Control-Allow-Headers', '*')
      .end('{}');
  });

  it('A Request that a frame has made goes to a foreign origin without a token', async () => {
    const page = await site.openTab(await site.newProfile({ transport: 'token', origins: [site.pageUrl()] }));
    await signUpOn(page);
    const url = `http://127.0.0.1:${elsewhere.port()}/`;

    const status = await page.evaluate(async (url) => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      const { Request: RequestOfFrame } = frame.contentWindow as unknown as typeof globalThis;
      return (await window.latchkey.fetch(new RequestOfFrame(url))).status;
    }, url);

    expect(status).toBe(200);
    expect(authorizations).toEqual([undefined]);
  });
});
