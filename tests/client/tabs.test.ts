import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { aPerson } from '../support/people.ts';
import { findChromium } from '../support/tools.ts';
import { sessionOf, shows, useClientPage } from './support/client-page.ts';

const chromium = findChromium();
const PARALLEL = 20;
const ROUNDS = Number(process.env.ROUNDS ?? 20);
const LIFETIME_SECONDS = 900;

describe('Two tabs of a page', () => {
  const browser = useBrowser(chromium as string);
  const site = useClientPage(browser);
  const me = () => `${site.latchkeyUrl()}/me`;
  /** Latchkey by another name: a service of its own to the client. */
  const otherMe = () => me().replace('auth.', 'api.');

  const signUp = (page: Page) => page.evaluate((person) => window.latchkey.signUp(person), aPerson());

  /** The statuses of that many requests at once. */
  const ask = (page: Page, url: string, count: number) =>
    page.evaluate(
      async ([url, count]) =>
        Promise.all(Array.from({ length: count }, async () => (await window.latchkey.fetch(url)).status)),
      [url, count] as const,
    );

  /** How often the service was asked for these paths, and refused, since the last time. */
  function counts() {
    const seen = site.answers.splice(0);
    return {
      renewals: seen.filter(({ path }) => path === '/refresh' || path === '/session/token').length,
      refusals: seen.filter(({ status }) => status >= 400).length,
    };
  }

  describe.each([
    ['tokens in memory', { transport: 'token' }, me],
    ['tokens in localStorage', { transport: 'token', storage: 'localStorage' }, me],
    ['a cookie, calling another service', { transport: 'cookie' }, otherMe],
  ] as const)('with %s', (_title, options, url) => {
    async function twoTabs() {
      const profile = await site.newProfile({ ...options, origins: [new URL(otherMe()).origin] } as never);
      const first = await site.openTab(profile);
      await signUp(first);
      const second = await site.openTab(profile);
      expect(await sessionOf(second)).toMatchObject({ status: 'signed-in' });
      return [first, second] as const;
    }

    it('renew once for all requests, at the moment of expiry and ahead of it', async () => {
      const tabs = await twoTabs();
      await Promise.all(tabs.map((tab) => ask(tab, url(), 1)));
      counts();
      const rounds = [];
      for (let round = 0; round < ROUNDS; round++) {
        // At the moment of expiry pages do not know yet that it has come. Ahead of it they have seen the time.
        const isAhead = round % 2 === 1;
        site.app.clock.advanceSeconds(isAhead ? LIFETIME_SECONDS - 30 : LIFETIME_SECONDS + 10);
        if (isAhead) await Promise.all(tabs.map((tab) => ask(tab, me(), 1)));
        const statuses = await Promise.all(tabs.map((tab) => ask(tab, url(), PARALLEL)));
        rounds.push({ isAhead, statuses: [...new Set(statuses.flat())], ...counts() });
      }
      expect(rounds.map(({ isAhead, statuses, renewals }) => ({ isAhead, statuses, renewals }))).toEqual(
        rounds.map(({ isAhead }) => ({ isAhead, statuses: [200], renewals: 1 })),
      );
      // Of those ahead none was refused.
      expect(rounds.filter(({ isAhead, refusals }) => isAhead && refusals > 0)).toEqual([]);
    });

    it('are signed out together, and signed in together', async () => {
      const [first, second] = await twoTabs();
      await first.evaluate(() => window.latchkey.signOut());
      await shows(second, 'signed-out');
      expect(await sessionOf(second)).toEqual({ status: 'signed-out', user: null, reason: 'signed_out' });
      await signUp(second);
      await shows(first, 'signed-in');
      expect(await sessionOf(first)).toEqual(await sessionOf(second));
      expect(await ask(first, url(), 1)).toEqual([200]);
    });
  });
});
