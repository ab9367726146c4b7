import { expect, it } from '@jest/globals';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { aPerson } from '../support/people.ts';
import { sessionOf, useClientPage } from './support/client-page.ts';

const LIFETIME_SECONDS = 900;

onChromium((chromium) => {
  const site = useClientPage(useBrowser(chromium));

  it.each(['sessionStorage', 'localStorage'])(
    'A tab that is loaded again goes on with the tokens that another tab has renewed: %s',
    async (storage) => {
      const profile = await site.newProfile({ transport: 'token', storage } as never);
      const first = await site.openTab(profile);
      await first.evaluate((person) => window.latchkey.signUp(person), aPerson());
      const second = await site.openTab(profile);
      const ask = (tab: typeof first) =>
        tab.evaluate(async (url) => (await window.latchkey.fetch(url)).status, `${site.latchkeyUrl()}/me`);
      // After the second one, that of the sign-in is known to be used up.
      for (let renewal = 0; renewal < 2; renewal++) {
        site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
        await ask(second);
      }

      await second.close();
      await first.reload();
      await first.waitForFunction(() => window.latchkey?.session.status !== 'loading');
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

      expect(await ask(first)).toBe(200);
      expect(await sessionOf(first)).toMatchObject({ status: 'signed-in' });
    },
  );
});
