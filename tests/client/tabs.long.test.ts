import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { eventsOf, signUpOn, useClientPage } from './support/client-page.ts';
import { renewTogether } from './support/rounds.ts';
import { TRANSPORTS, withService } from './support/transports.ts';

const ROUNDS = 200;
const SIGN_OUTS = 50;

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = useClientPage(browser);

  describe.each(TRANSPORTS)('Two tabs with $title', ({ title, options, called }) => {
    it('renew once in each of 200 rounds, and are never signed out', async () => {
      const profile = await site.newProfile(withService(site, options));
      const first = await site.openTab(profile);
      await signUpOn(first);
      const tabs = [first, await site.openTab(profile)];

      await renewTogether(site, tabs, `${called(site)}/me`, ROUNDS);

      for (const tab of tabs) expect(await eventsOf(tab)).not.toContain('signed-out');
    });

    it('tell one another of each sign-out', async () => {
      const profile = await site.newProfile(withService(site, options));
      const [first, second] = [await site.openTab(profile), await site.openTab(profile)];
      const delaysMs: number[] = [];
      for (let round = 0; round < SIGN_OUTS; round++) {
        await signUpOn(first);
        const [shownAt, saidAt] = await Promise.all([timeOfSignOut(second), signOut(first)]);
        delaysMs.push(shownAt - saidAt);
      }
      delaysMs.sort((a, b) => a - b);
      console.info(`${title}: a sign-out reached the other tab after ${delaysMs[SIGN_OUTS / 2]} ms (median)`);
    });
  });
});

/** When a page knows of the sign-out of another one, by the clock that all pages share. */
const timeOfSignOut = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const unsubscribe = window.latchkey.subscribe(({ status }) => {
          if (status !== 'signed-out') return;
          unsubscribe();
          resolve(performance.timeOrigin + performance.now());
        });
      }),
  );

/** When the page that signs out knows of it itself. */
const signOut = (page: Page) =>
  page.evaluate(async () => {
    await window.latchkey.signOut();
    return performance.timeOrigin + performance.now();
  });
