import { describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import {
  ask,
  eventsOf,
  isReady,
  sessionOf,
  shows,
  showsSession,
  signUpOn,
  useClientPage,
} from './support/client-page.ts';
import { renewTogether } from './support/rounds.ts';
import { TRANSPORTS, withService } from './support/transports.ts';

const ROUNDS = 4;
const LIFETIME_SECONDS = 900;
const RENEWAL = /^\/(refresh|session\/token)$/;

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = useClientPage(browser);

  describe.each(TRANSPORTS)('Two tabs with $title', ({ options, called }) => {
    const url = () => `${called(site)}/me`;

    async function twoTabs(prepare: (profile: BrowserContext) => Promise<unknown> = async () => {}) {
      const profile = await site.emptyProfile(withService(site, options));
      await prepare(profile);
      const first = await site.openTab(profile);
      const person = await signUpOn(first);
      const second = await site.openTab(profile);
      expect(await sessionOf(second)).toMatchObject({ status: 'signed-in' });
      return { first, second, person };
    }

    it('renew once for all requests, at the moment of expiry and ahead of it', async () => {
      const { first, second } = await twoTabs();
      await renewTogether(site, [first, second], url(), ROUNDS);
    });

    it('are signed out together, and signed in together', async () => {
      const { first, second } = await twoTabs();

      await first.evaluate(() => window.latchkey.signOut());
      await shows(second, 'signed-out');
      expect(await sessionOf(second)).toEqual({ status: 'signed-out', user: null, reason: 'signed_out' });

      await signUpOn(second);
      await shows(first, 'signed-in');
      expect(await sessionOf(first)).toEqual(await sessionOf(second));
      expect(await ask(first, url())).toEqual([200]);
    });

    it('show the account of the one that has signed in last', async () => {
      const { first, second, person } = await twoTabs();

      const other = await signUpOn(second);

      await showsSession(first, { user: { email: other.email } });
      expect(await emailAt(first, url())).toBe(other.email);
      expect(other.email).not.toBe(person.email);
    });

    it('ignore a late answer about an account after another one has signed in', async () => {
      const { first, second } = await twoTabs();
      const held = site.heldAnswer(/^\/me\b/);
      const late = first.evaluate(() => window.latchkey.user());
      const send = await held;
      const other = await signUpOn(first);

      send();
      await late;

      for (const tab of [first, second])
        expect(await sessionOf(tab)).toMatchObject({ user: { email: other.email } });
      expect(await emailAt(first, url())).toBe(other.email);
    });

    it('go on without one another once their clients are closed', async () => {
      const { first, second } = await twoTabs();
      await first.evaluate(() => window.latchkey.close());
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

      expect(await ask(first, url(), 3)).toEqual([200, 200, 200]);
      expect(await ask(second, url(), 3)).toEqual([200, 200, 200]);
    });

    it('go on when one is closed in the middle of a renewal whose answer it never got', async () => {
      const { first, second } = await twoTabs();
      await Promise.all([ask(first, url()), ask(second, url())]);
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
      const isRenewed = site.heldAnswer(RENEWAL);
      const lost = ask(first, url()).catch(() => 'closed');
      await isRenewed;

      const statuses = ask(second, url());
      await first.close();

      expect(await lost).toBe('closed');
      expect(await statuses).toEqual([200]);
      expect(await sessionOf(second)).toMatchObject({ status: 'signed-in' });
    });

    it('renew at once and stay signed in where there are neither locks nor channels', async () => {
      const withoutBoth = (profile: BrowserContext) =>
        profile.addInitScript(() => {
          Reflect.deleteProperty(window, 'BroadcastChannel');
          Reflect.deleteProperty(Navigator.prototype, 'locks');
        });
      if (options.transport === 'token' && !('storage' in options)) {
        // Each tab signs in for itself.
        const profile = await site.emptyProfile(withService(site, options));
        await withoutBoth(profile);
        const [first, second] = [await site.openTab(profile), await site.openTab(profile)];
        await Promise.all([signUpOn(first), signUpOn(second)]);
        await renewsApart(first, second);
      } else {
        const { first, second } = await twoTabs(withoutBoth);
        await renewsApart(first, second);
      }
    });

    /** Both at once, and each after the other has for a long time. */
    async function renewsApart(first: Page, second: Page): Promise<void> {
      for (const tabs of [[first, second], [first], [second], [second], [first]]) {
        site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
        expect(await Promise.all(tabs.map((tab) => ask(tab, url(), 3)))).toEqual(
          tabs.map(() => [200, 200, 200]),
        );
        await site.app.confirmations.flush();
      }
      for (const tab of [first, second]) expect(await eventsOf(tab)).not.toContain('signed-out');
    }
  });

  it('A new tab is signed in by the tokens that the others have in memory, with no request', async () => {
    const profile = await site.emptyProfile({ transport: 'token' });
    const { email } = await signUpOn(await site.openTab(profile));
    site.answers.splice(0);

    const second = await profile.newPage();
    await second.goto(site.pageUrl());
    await isReady(second);

    expect(await sessionOf(second)).toMatchObject({ status: 'signed-in', user: { email } });
    expect(site.answers).toEqual([]);
  });
});

const emailAt = (page: Page, url: string) =>
  page.evaluate(async (url) => (await (await window.latchkey.fetch(url)).json()).user.email, url);
