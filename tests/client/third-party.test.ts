import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { messagesDuring } from '../support/codes.ts';
import { onChromium } from '../support/interop.ts';
import { press } from '../support/page-app.ts';
import { aPerson } from '../support/people.ts';
import { useServer } from '../support/serve.ts';
import {
  ask,
  failureOn,
  type PageOptions,
  sessionOf,
  shows,
  signUpOn,
  useClientPage,
} from './support/client-page.ts';

const LIFETIME_SECONDS = 900;

/** The same page on another site than Latchkey. */
const elsewhere = (pageUrl: string) => pageUrl.replace('app.corp', 'app.other');

onChromium((chromium) => {
  const site = useClientPage(useBrowser(chromium), ({ pageUrl }) => ({
    CORS_ORIGINS: elsewhere(pageUrl),
    RETURN_URLS: elsewhere(pageUrl),
  }));

  /** A tab on another site than Latchkey, in a browser that keeps no cookies of others than the site of the page. */
  async function aTab(options: PageOptions): Promise<Page> {
    const page = await site.openTab(await site.newProfile(options), elsewhere(site.pageUrl()));
    await blockThirdPartyCookies(page);
    await page.reload();
    return page;
  }

  async function blockThirdPartyCookies(page: Page): Promise<void> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.setCookieControls', {
      enableThirdPartyCookieRestriction: true,
      disableThirdPartyCookieMetadata: false,
      disableThirdPartyCookieHeuristics: false,
    } as never);
  }

  describe('A browser that blocks third-party cookies', () => {
    /** What sets a cookie that other sites may have sent, and tells which cookies it was sent. */
    const server = useServer(({ url, headers }, res) => {
      res.setHeader('Access-Control-Allow-Origin', headers.origin ?? '*');
      res.setHeader('Access-Control-Allow-Credentials', 'true');
      if (url === '/set') res.setHeader('Set-Cookie', 'known=1; SameSite=None; Secure; Path=/');
      res.end(headers.cookie ?? 'none');
    });

    const cookieOf = (page: Page) =>
      page.evaluate(async (url) => {
        await fetch(`${url}/set`, { credentials: 'include' });
        return (await fetch(url, { credentials: 'include' })).text();
      }, `http://other.corp.localhost:${server.port()}`);

    it('keeps none of those that the same browser keeps without that', async () => {
      const free = await site.openTab(
        await site.newProfile({ transport: 'token' }),
        elsewhere(site.pageUrl()),
      );
      expect(await cookieOf(free)).toBe('known=1');

      expect(await cookieOf(await aTab({ transport: 'token' }))).toBe('none');
    });

    it('signs up, renews, reloads and signs out with tokens', async () => {
      const page = await aTab({ transport: 'token', storage: 'localStorage' });
      const { email } = await signUpOn(page);
      const second = await site.openTab(page.context(), elsewhere(site.pageUrl()));
      site.counts();
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

      expect(await ask(page, `${site.latchkeyUrl()}/me`, 5)).toEqual(Array(5).fill(200));

      expect(site.counts()).toMatchObject({ renewals: 1 });
      await page.reload();
      await shows(page, 'signed-in');
      expect(await sessionOf(page)).toMatchObject({ user: { email } });
      await page.evaluate(() => window.latchkey.updateUser({ name: 'Ada' }));
      await page.evaluate(() => window.latchkey.signOut());
      await shows(second, 'signed-out');
    });

    it('signs in with tokens by the code that a link shows, since the page of the link cannot know it', async () => {
      const page = await aTab({ transport: 'token' });
      const { email } = aPerson();
      const returnTo = elsewhere(site.pageUrl());
      const [mail] = await messagesDuring(site.app, () =>
        page.evaluate(([email, returnTo]) => window.latchkey.signIn({ send: 'link', email, returnTo }), [
          email,
          returnTo,
        ] as const),
      );
      const other = await page.context().newPage();
      await other.goto(mail?.link ?? '');
      await press(other, 'Show the code');
      const shown = await other.locator('main').innerText();
      const code = /\d{6}/.exec(shown.replaceAll(/\s/g, ''))?.[0] ?? '';

      await page.evaluate((code) => window.latchkey.signIn({ code }), code);

      expect(await sessionOf(page)).toMatchObject({ status: 'signed-in', user: { email } });
    });

    it('is told at a sign-in with a cookie that the page has to be on one site with Latchkey', async () => {
      const page = await aTab({ transport: 'cookie' });

      expect(await failureOn(page, 'signUp', aPerson())).toBe('cookie_not_settable');

      const message = await page.evaluate(
        (person) => window.latchkey.signUp(person).catch((error) => error.message),
        aPerson(),
      );
      expect(message).toMatch(/one site/);
      await shows(page, 'signed-out');
    });
  });
});
