import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { FIREFOX, signInOn, useAccountSite } from '../../support/account-pages.ts';
import { useBrowser } from '../../support/browser.ts';
import { useDirectories } from '../../support/directories.ts';
import { onChromium } from '../../support/interop.ts';
import { useContexts } from '../../support/page-app.ts';
import { createVisitor } from '../../support/page-visitor.ts';
import { signUp } from '../../support/people.ts';
import { isUpdating } from '../../support/pictures.ts';

const DOCS = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

const CHROME_ON_MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36';
const SAFARI_ON_IOS =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1';
const PHONE = {
  viewport: { width: 390, height: 560 },
  deviceScaleFactor: 1.25,
  colorScheme: 'dark',
} as const;
const DESK = { viewport: { width: 900, height: 700 } } as const;

/** Takes the pictures, with UPDATE_IMAGES=1 those of the docs: UPDATE_IMAGES=1 npm test -- tests/pages/account/images.test.ts */
onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const newDirectory = useDirectories();
  const site = useAccountSite({ TRUST_PROXY: '1' });

  it('the pictures of the docs are small ones', async () => {
    const directory = isUpdating ? DOCS : newDirectory();
    const { app } = site;
    const person = await signUp(app, { email: 'grace@example.com', name: 'Grace Hopper' });
    const { email, password } = person;
    const visitor = createVisitor(app, { 'User-Agent': SAFARI_ON_IOS });
    await signInOn(visitor, person);
    await visitor.visit('/account/devices');
    await visitor.press('end_others');
    const devices = [
      [CHROME_ON_MAC, '203.0.113.7'],
      [FIREFOX, '198.51.100.21'],
    ] as const;
    for (const [agent, ip] of devices)
      await app
        .post('/login')
        .set({ 'User-Agent': agent, 'X-Forwarded-For': ip })
        .send({ email, password })
        .expect(200);

    for (const [name, path, options] of [
      ['account', '/account', DESK],
      ['account-devices', '/account/devices', PHONE],
    ] as const) {
      const context = await newContext(options);
      await site.giveCookies(context, visitor);
      const page = await context.newPage();
      await page.goto(site.at(path));
      const file = `${directory}/${name}.png`;
      await page.screenshot({ path: file, fullPage: true });

      expect(statSync(file).size).toBeLessThan(100_000);
    }
  });
});
