import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { usePageApp } from '../support/page-app.ts';
import { PHONE, problemsOfLook, slugOf, watchPage } from '../support/page-checks.ts';
import { pageStates } from '../support/page-states.ts';
import { usePictures } from '../support/pictures.ts';

const APP = 'https://app.example.com';
/** All others look like one of these. */
const PICTURED = [
  'the start',
  'signing in',
  'a sign-in that is refused',
  'no answer of the service',
  'waiting for a code',
  'waiting for a link',
  'the second factor',
  'a passkey as second factor',
  'a recovery code',
  'signing up',
  'a sign-up that is refused',
  'a forgotten password',
  'a code for a new password',
  'an address to confirm',
  'a code that proves an address',
  'signing out',
  'a sign-in that goes on to an app',
  'the way back from another site',
  'a page that is not there',
  'a provider that is not offered',
  'signing in on the same device',
  'the code',
  'choosing a password',
];

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = usePageApp({ NEW_DEVICE_MAIL: 'true', RETURN_URLS: APP });
  const pictures = usePictures(browser, fileURLToPath(new URL('pictures', import.meta.url)));

  // In one visit, since most pages take a sign-in or a message to get to.
  it('every page fits, is as in its picture, passes what axe can check of WCAG 2.2 AA, is small, does not move and keeps its policy', async () => {
    const context = await browser.newContext({ viewport: PHONE });
    // One for all states: a browser starts a process for each new one, which then compiles axe again.
    const page = await context.newPage();
    const problemsSoFar = await watchPage(page, site.latchkey());
    const problems: string[] = [];
    let slug = '';
    let addresses = 0;
    const states = pageStates(site, {
      newEmail: () => `${slug}.${++addresses}@example.com`,
      returnTo: `${APP}/signed-in`,
    });

    for (const [name, reach] of Object.entries(states)) {
      [slug, addresses] = [slugOf(name), 0];
      await reach(page);
      const found = [
        ...(await problemsSoFar()),
        ...(await problemsOfLook(page, {
          name,
          pictures: PICTURED.includes(name) ? pictures : undefined,
        })),
      ];
      problems.push(...found.map((problem) => `${name}: ${problem}`));
      await page.unrouteAll();
      await context.clearCookies();
      await page.setViewportSize(PHONE);
    }
    await context.close();

    expect(problems).toEqual([]);
  });
});
