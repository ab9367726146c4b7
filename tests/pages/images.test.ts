import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { onChromium } from '../support/interop.ts';
import { usePageApp } from '../support/page-app.ts';
import { pageStates, visitEach } from '../support/page-states.ts';
import { changedShareOf, isUpdating, MAX_CHANGED_SHARE } from '../support/pictures.ts';

const DOCS = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const PHONE = { viewport: { width: 390, height: 360 }, deviceScaleFactor: 1.25 };
const CARD = { viewport: { width: 640, height: 560 } };
const DESK = { viewport: { width: 760, height: 560 } };

/** The pictures of the docs. */
const PICTURES = [
  ['page-sign-in', 'signing in', CARD],
  ['page-sign-in-dark', 'a sign-in that is refused', { ...CARD, colorScheme: 'dark' }],
  ['page-sign-up', 'a sign-up that is refused', CARD],
  ['page-second-factor', 'the second factor', CARD],
  ['link-sign-in', 'signing in on the same device', PHONE],
  ['link-sign-in-dark', 'signing in on the same device', { ...PHONE, colorScheme: 'dark' }],
  ['link-code', 'the code', PHONE],
  ['dev-outbox', 'the messages', DESK],
] as const;

/** Those that look the same each time: no code, no time and no blinking cursor is in them. */
const STABLE = /^page-/;

/** Takes the pictures, with UPDATE_IMAGES=1 those of the docs: UPDATE_IMAGES=1 npm test -- tests/pages/images.test.ts */
onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newDirectory = useDirectories();
  const site = usePageApp({ RETURN_URLS: 'https://app.example.com' });

  describe('The pictures of the docs', () => {
    it.each(PICTURES)(
      '%s.png is a small one, and shows what the page looks like',
      async (name, state, options) => {
        const directory = isUpdating ? DOCS : newDirectory();
        mkdirSync(directory, { recursive: true });
        const path = `${directory}/${name}.png`;
        const names = { newEmail: () => 'grace@example.com', returnTo: 'https://app.example.com/signed-in' };
        const { [state]: reach } = pageStates(site, names);
        if (reach === undefined) throw new Error(`there is no page "${state}"`);

        await visitEach(browser, { [state]: reach }, options, async (page) => {
          await page.screenshot({ path, fullPage: options !== DESK, animations: 'disabled', caret: 'hide' });
        });

        expect(statSync(path).size).toBeLessThan(60_000);
        if (!STABLE.test(name)) return;
        const share = changedShareOf(readFileSync(path), readFileSync(`${DOCS}/${name}.png`));
        expect(share).toBeLessThan(MAX_CHANGED_SHARE);
      },
    );
  });
});
