import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  ACCOUNT_PATHS,
  anOwner,
  FIREFOX,
  letSignInsAge,
  useAccountSite,
} from '../../support/account-pages.ts';
import { useBrowser } from '../../support/browser.ts';
import { codeOf, rememberDevice } from '../../support/factors.ts';
import { linkProvider } from '../../support/identities.ts';
import { onChromium } from '../../support/interop.ts';
import { axeViolations, heading, press, useContexts } from '../../support/page-app.ts';
import { insertPasskey } from '../../support/passkeys.ts';

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
const SIZES: Readonly<Record<string, typeof PHONE>> = { phone: PHONE, desk: DESK };
/** What 1280 pixels are at 400 % (WCAG 2.2, 1.4.10). */
const NARROW = { width: 320, height: 256 };
/** The schemes differ in nothing but their colours. */
const OF_COLOURS = ['color-contrast'];
const MAX_BYTES = 50 * 1024;

const pixelsBeyond = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const site = useAccountSite({ GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' });

  /** What is wrong with the page at hand, in each size and scheme. */
  async function problemsOf(page: Page, name: string, sizes = SIZES): Promise<string[]> {
    const found: string[] = [];
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const problems = await axeViolations(page, colorScheme === 'dark' ? OF_COLOURS : undefined);
        found.push(...problems.map((problem) => `${name}, ${size}, ${colorScheme}: ${problem}`));
      }
    }
    await page.setViewportSize(NARROW);
    const beyond = await pixelsBeyond(page);
    if (beyond > 0) found.push(`${name}: ${beyond} pixels beyond a narrow window`);
    await page.setViewportSize(PHONE);
    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    const beyondWithLargeLetters = await pixelsBeyond(page);
    if (beyondWithLargeLetters > 0)
      found.push(`${name}: ${beyondWithLargeLetters} pixels beyond a phone with large letters`);
    await page.evaluate("document.documentElement.style.fontSize = ''");
    const bytes = (await page.content()).length;
    if (bytes > MAX_BYTES) found.push(`${name}: ${bytes} bytes`);
    await page.setViewportSize(DESK);
    return found;
  }

  it('every account page, empty and full, passes what axe can check of WCAG 2.2 AA, and fits', async () => {
    const { app } = site;
    const owner = await anOwner(app, { name: 'Grace Hopper' });
    const context = await newContext({ bypassCSP: true });
    await site.giveCookies(context, owner.visitor);
    const page = await context.newPage();
    const problems: string[] = [];
    const check = async (name: string, sizes = SIZES) =>
      void problems.push(...(await problemsOf(page, name, sizes)));
    const pages = async (which: string, sizes: typeof SIZES) => {
      for (const path of ACCOUNT_PATHS) {
        expect((await page.goto(site.at(path)))?.status()).toBe(200);
        // What is folded away counts as well.
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
        await check(`${path} ${which}`, sizes);
      }
    };

    await pages('of a new user', { phone: PHONE });
    await page.goto(site.at('/account/factors'));
    await press(page, 'Set up an app');
    await heading(page, 'Set up the app');
    await check('an app to set up');
    const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '');
    await page.getByLabel('Code from the app').fill('000000');
    await press(page, 'Confirm');
    await page.getByRole('alert').waitFor();
    await check('an app with a wrong code');
    await page.getByLabel('Code from the app').fill(codeOf(app, secret));
    await press(page, 'Confirm');
    await heading(page, 'Your recovery codes');
    await check('recovery codes');
    await page.goto(site.at('/account/keys'));
    await page.getByLabel('Name').fill('A key with quite a long name for what it does');
    await press(page, 'Create a key');
    await heading(page, 'Your new key');
    await check('a new key');
    await page.goto(site.at('/account/profile'));
    await page.getByLabel('Username').fill('no spaces');
    await press(page, 'Save');
    await page.getByText('A username has').waitFor();
    await check('a refused field');
    await page.goto(site.at('/account/email'));
    await page.getByLabel('New address').fill('new@example.com');
    await page.locator('button[value=change]').click();
    await page.getByText('is on its way').waitFor();
    await check('a code on its way');

    const { id, email, password } = owner;
    await app.post('/login').set('User-Agent', FIREFOX).send({ email, password }).expect(403);
    await app.post('/login').send({ email, password: 'wrong' }).expect(401);
    await insertPasskey(app, id);
    await linkProvider(app, id, { provider: 'github' });
    await rememberDevice(app, id);
    await app.models.users.update({ phone: '+4915112345678' }, { where: { id } });
    await pages('of a user with everything', SIZES);
    letSignInsAge(app);
    await page.goto(site.at('/account/keys'));
    await page.getByRole('textbox', { name: 'Name' }).fill('Backup');
    await press(page, 'Create a key');
    await heading(page, 'Is it you?');
    await check('confirming');

    expect(problems).toEqual([]);
  });
});
