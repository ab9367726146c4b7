import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import type { BrowserContextOptions } from 'playwright-core';
import {
  ACCOUNT_PATHS,
  anOwner,
  FIREFOX,
  letSignInsAge,
  signInOn,
  useAccountSite,
} from '../../support/account-pages.ts';
import { useBrowser } from '../../support/browser.ts';
import { codeOf, rememberDevice } from '../../support/factors.ts';
import { linkProvider } from '../../support/identities.ts';
import { onChromium } from '../../support/interop.ts';
import { heading, press, useContexts } from '../../support/page-app.ts';
import { problemsOfLook, watchPage } from '../../support/page-checks.ts';
import { createVisitor, type Visitor } from '../../support/page-visitor.ts';
import { insertPasskey } from '../../support/passkeys.ts';
import { signUp } from '../../support/people.ts';
import { usePictures } from '../../support/pictures.ts';

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const pictures = usePictures(browser, fileURLToPath(new URL('pictures', import.meta.url)));
  const site = useAccountSite({ GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' });

  const strict = useAccountSite({ MFA_REQUIRED: 'all' });
  const withoutMail = useAccountSite({
    NODE_ENV: 'production',
    TRUST_PROXY: '1',
    JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
    BCRYPT_COST: '10',
  });
  /** Of a proxy before the service. */
  const HTTPS = { 'X-Forwarded-Proto': 'https' };

  /** A page of a browser that has the cookies of a visitor, and what is wrong with what it has shown. */
  async function openFor(visitor: Visitor, of = site, options: BrowserContextOptions = {}) {
    const context = await newContext(options);
    await of.giveCookies(context, visitor);
    const page = await context.newPage();
    const problemsSoFar = await watchPage(page, of.at(''));
    const problems: string[] = [];
    const check = async (name: string, isPictured = false) => {
      const soFar = await problemsSoFar();
      // What is folded away counts as well.
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      const found = [
        ...soFar,
        ...(await problemsOfLook(page, { name, pictures: isPictured ? pictures : undefined })),
      ];
      problems.push(...found.map((problem) => `${name}: ${problem}`));
    };
    return { page, problems, check };
  }

  it('every account page, empty and full, fits, is as in its picture, passes what axe can check of WCAG 2.2 AA, is small and does not move', async () => {
    const { app } = site;
    const owner = await anOwner(app, { email: 'grace@example.com', name: 'Grace Hopper' });
    const { page, problems, check } = await openFor(owner.visitor);
    const pages = async (which: string, arePictured: boolean) => {
      for (const path of ACCOUNT_PATHS) {
        expect((await page.goto(site.at(path)))?.status()).toBe(200);
        await check(`${path} ${which}`, arePictured);
      }
    };
    /** Fills a form of a page in, and presses its button. */
    const send = async (path: string, fields: Record<string, string>, form: string) => {
      await page.goto(site.at(path));
      for (const [name, value] of Object.entries(fields))
        await page.locator(`[name=${name}]`).first().fill(value);
      await page.locator(`button[value=${form}]`).click();
    };
    const isRefused = () => page.locator('.alert, .problem:not([hidden])').first().waitFor();

    await pages('of a new user', false);
    await page.goto(site.at('/account/factors'));
    await press(page, 'Set up an app');
    await heading(page, 'Set up the app');
    const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '');
    await check('an app to set up', true);
    await page.getByLabel('Code from the app').fill('000000');
    await press(page, 'Confirm');
    await isRefused();
    await check('an app with a wrong code');
    await page.getByLabel('Code from the app').fill(codeOf(app, secret));
    await press(page, 'Confirm');
    await heading(page, 'Your recovery codes');
    await check('recovery codes', true);
    await page.goto(site.at('/account/keys'));
    await page.getByRole('textbox', { name: 'Name' }).fill('A key with quite a long name for what it does');
    await press(page, 'Create a key');
    await heading(page, 'Your new key');
    await check('a new key', true);
    await send('/account/profile', { username: 'no spaces' }, 'save');
    await isRefused();
    await check('a refused field');
    await send('/account/password', { current_password: 'wrong', new_password: 'password1' }, 'change');
    await isRefused();
    await check('a refused password');
    await send('/account/data', { password: 'wrong' }, 'remove');
    await isRefused();
    await check('a refused deletion');
    await send('/account/phone', { phone: '12' }, 'change');
    await isRefused();
    await check('a refused number');
    await send('/account/email', { email: 'new@example.com' }, 'change');
    await page.getByText('is on its way').waitFor();
    await check('a code on its way', true);
    await page.getByLabel('Code').fill('12');
    await page.locator('button[value=code]').click();
    await isRefused();
    await check('a code that is refused');

    const { id, email, password } = owner;
    await app.post('/login').set('User-Agent', FIREFOX).send({ email, password }).expect(403);
    await app.post('/login').send({ email, password: 'wrong' }).expect(401);
    await insertPasskey(app, id);
    await linkProvider(app, id, { provider: 'github' });
    await rememberDevice(app, id);
    await app.models.users.update({ phone: '+4915112345678' }, { where: { id } });
    await pages('of a user with everything', true);
    letSignInsAge(app);
    await send('/account/keys', { key_name: 'Backup' }, 'create');
    await heading(page, 'Is it you?');
    await check('confirming');
    await page.getByLabel('Password').fill('wrong');
    await page.getByLabel(/^Code/).fill('000000');
    await press(page, 'Confirm');
    await isRefused();
    await check('confirming with a wrong password');

    expect(problems).toEqual([]);
  });

  it('the page where a second factor has to be set up is as good', async () => {
    const { visitor } = await anOwner(strict.app, { email: 'grace@example.com' });
    const { page, problems, check } = await openFor(visitor, strict);

    await page.goto(strict.at('/account'));
    await heading(page, 'Passkeys and authenticator apps');
    await check('a second factor that is required', true);

    expect(problems).toEqual([]);
  });

  it('sign-in and account pages that can send no mail are as good', async () => {
    const { app } = withoutMail;
    const stranger = createVisitor(app, HTTPS);
    const owner = createVisitor(app, HTTPS);
    await signInOn(owner, await signUp(app, { email: 'grace@example.com' }));

    for (const [visitor, paths] of [
      [stranger, ['/sign-in']],
      [owner, ['/account/email', '/account/password']],
    ] as const) {
      const { page, problems, check } = await openFor(visitor, withoutMail, { extraHTTPHeaders: HTTPS });
      for (const path of paths) {
        expect((await page.goto(withoutMail.at(path)))?.url()).toBe(withoutMail.at(path));
        await check(`${path} without mail`, true);
      }
      expect(problems).toEqual([]);
    }
  });
});
