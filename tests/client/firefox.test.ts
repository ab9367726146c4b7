import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import puppeteer, { type Browser, type BrowserContext, type Page } from 'puppeteer-core';
import { onFirefox } from '../support/interop.ts';
import { aPerson } from '../support/people.ts';
import { useClientSite } from './support/client-page.ts';
import { TRANSPORTS, withService } from './support/transports.ts';

const LIFETIME_SECONDS = 900;
const PARALLEL = 20;

onFirefox((executablePath) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await puppeteer.launch({ browser: 'firefox', executablePath });
  });
  afterAll(() => browser?.close());
  const site = useClientSite();

  describe.each(TRANSPORTS)('Two tabs with $title', ({ options, called }) => {
    const url = () => `${called(site)}/me`;

    async function openTab(profile: BrowserContext): Promise<Page> {
      const page = await profile.newPage();
      await page.evaluateOnNewDocument(site.optionsScript(withService(site, options)));
      await page.goto(site.pageUrl());
      return page;
    }

    const shows = (page: Page, status: string) =>
      page.waitForFunction((status) => window.latchkey?.session.status === status, { polling: 10 }, status);

    const ask = (page: Page) =>
      page.evaluate(
        (url, count) =>
          Promise.all(Array.from({ length: count }, async () => (await window.latchkey.fetch(url)).status)),
        url(),
        PARALLEL,
      );

    it('are signed up together, renew once, stay signed in over a reload, and are signed out together', async () => {
      const profile = await browser.createBrowserContext();
      const first = await openTab(profile);
      await shows(first, 'signed-out');
      const person = aPerson();
      await first.evaluate((person) => window.latchkey.signUp(person), person);
      const second = await openTab(profile);
      await shows(second, 'signed-in');
      const tabs = [first, second];
      const all = tabs.map(() => Array(PARALLEL).fill(200));
      expect(await Promise.all(tabs.map(ask))).toEqual(all);
      site.counts();
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

      expect(await Promise.all(tabs.map(ask))).toEqual(all);

      expect(site.counts()).toMatchObject({ renewals: 1 });
      await first.reload();
      await shows(first, 'signed-in');
      expect(await first.evaluate(() => window.latchkey.session.user?.email)).toBe(person.email);
      await second.evaluate(() => window.latchkey.signOut());
      await shows(first, 'signed-out');
      expect(await first.evaluate(() => window.latchkey.session.reason)).toBe('signed_out');
      await first.evaluate((person) => window.latchkey.signIn(person), person);
      await shows(second, 'signed-in');
      await profile.close();
    });
  });
});
