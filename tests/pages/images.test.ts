import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { onChromium } from '../support/interop.ts';
import { usePageApp } from '../support/page-app.ts';
import { pageStates, visitEach } from '../support/page-states.ts';

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
/** Of all pixels. Letters are smoothed a little differently from one version of a browser to the next. */
const MAX_CHANGED_SHARE = 0.005;

/** The share of pixels that two pictures do not have in common; 1 where their sizes differ. */
const CHANGED_SHARE = `async ([one, other]) => {
  const pixelsOf = async (base64) => {
    const image = Object.assign(new Image(), { src: 'data:image/png;base64,' + base64 });
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return canvas.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixelsOf(one), await pixelsOf(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let changed = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    if ([0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > 32)) changed++;
  }
  return (4 * changed) / a.data.length;
}`;

/** Takes the pictures, with UPDATE_IMAGES=1 those of the docs: UPDATE_IMAGES=1 npm test -- tests/pages/images.test.ts */
onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newDirectory = useDirectories();
  const site = usePageApp({ RETURN_URLS: 'https://app.example.com' });

  describe('The pictures of the docs', () => {
    it.each(PICTURES)(
      '%s.png is a small one, and shows what the page looks like',
      async (name, state, options) => {
        const directory = process.env.UPDATE_IMAGES === '1' ? DOCS : newDirectory();
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
        const pictures = [path, `${DOCS}/${name}.png`].map((file) => readFileSync(file, 'base64'));
        const page = await browser.newPage();
        const share = await page.evaluate(`(${CHANGED_SHARE})(${JSON.stringify(pictures)})`);
        await page.close();
        expect(share).toBeLessThan(MAX_CHANGED_SHARE);
      },
    );
  });
});
