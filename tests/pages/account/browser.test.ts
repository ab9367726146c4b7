import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { anOwner, FIREFOX, letSignInsAge, signInOn, useAccountSite } from '../../support/account-pages.ts';
import { useBrowser } from '../../support/browser.ts';
import { codeOf } from '../../support/factors.ts';
import { onChromium } from '../../support/interop.ts';
import { heading, press, useContexts } from '../../support/page-app.ts';
import { PHONE } from '../../support/page-checks.ts';
import { createVisitor } from '../../support/page-visitor.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { openAuthenticator } from '../../support/virtual-authenticator.ts';

/** The number of lines that the mark of a device takes. */
const LINES_OF_MARK = "document.querySelector('.tag').getClientRects().length";
/** Whether each date begins on the line on which its label ends. */
const BEGINS_BESIDE_LABEL = `[...document.querySelectorAll('.timed time')].map((time) => {
  const label = document.createRange();
  label.selectNodeContents(time.previousSibling);
  return [...label.getClientRects()].at(-1).bottom > time.getClientRects()[0].top + 4;
})`;

onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const site = useAccountSite();

  const follow = (page: Page, name: string) => page.getByRole('link', { name }).click();
  const said = (page: Page, text: string) => page.getByRole('status').getByText(text).waitFor();

  /** A page of a person who is signed in. */
  async function openAs({ visitor }: Awaited<ReturnType<typeof anOwner>>, path: string): Promise<Page> {
    const context = await newContext();
    await site.giveCookies(context, visitor);
    const page = await context.newPage();
    await page.goto(site.at(path));
    return page;
  }

  it.each(['en', 'de'])(
    'a phone keeps the mark of its own device in one piece, and the start of a date with its label: %s',
    async (locale) => {
      const { email, password } = await signUp(site.app);
      const visitor = createVisitor(site.app, { 'User-Agent': FIREFOX });
      await signInOn(visitor, { email, password });
      const context = await newContext({ locale, javaScriptEnabled: false });
      await site.giveCookies(context, visitor);
      const page = await context.newPage();

      await page.goto(site.at('/account/devices'));

      for (let width = 320; width <= 420; width += 10) {
        await page.setViewportSize({ ...PHONE, width });
        expect([width, await page.evaluate(LINES_OF_MARK)]).toEqual([width, 1]);
        // Two devices, each with two dates.
        expect([width, await page.evaluate(BEGINS_BESIDE_LABEL)]).toEqual([width, [true, true, true, true]]);
      }
    },
  );

  describe.each([
    ['with', true],
    ['without', false],
  ])('In a browser %s JavaScript', (_how, javaScriptEnabled) => {
    it('a new user gets from the sign-up to a second factor, signs another device out, and leaves nothing behind', async () => {
      const { app } = site;
      const { email, password } = aPerson();
      const page = await (await newContext({ javaScriptEnabled })).newPage();
      await page.goto(site.at('/sign-up'));
      await page.getByLabel('Email').fill(email);
      await page.getByLabel('Password').fill(password);
      await press(page, 'Create an account');
      await heading(page, 'Your account');
      await app.post('/login').set('User-Agent', FIREFOX).send({ email, password }).expect(200);

      await follow(page, 'Passkeys and authenticator apps');
      await page.getByLabel('Name of the app').fill('My phone');
      await press(page, 'Set up an app');
      await heading(page, 'Set up the app');
      await page.getByAltText('QR code').waitFor();
      await page.waitForFunction("document.querySelector('.qr').naturalWidth > 0");
      const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '');
      await page.getByLabel('Code from the app').fill('000000');
      await press(page, 'Confirm');
      await page.getByText('The code is wrong.').waitFor();
      await page.getByLabel('Code from the app').fill(codeOf(app, secret));
      await press(page, 'Confirm');
      await heading(page, 'Your recovery codes');
      expect(await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').count()).toBe(10);
      await follow(page, 'I have saved them');
      await page.getByText('10 of 10 left.').waitFor();

      await follow(page, 'Your account');
      await follow(page, 'Devices');
      await press(page, 'Sign out of Firefox on Windows');
      await said(page, 'That device is signed out.');
      expect(await page.getByText('Firefox').count()).toBe(0);

      await follow(page, 'Your account');
      await page.getByText(email).first().waitFor();
      await press(page, 'Sign out');
      await said(page, 'You have signed out.');
      await page.goBack();
      await heading(page, 'Sign in');
      expect(await page.content()).not.toContain(email);
    });

    it('a change that takes a recent sign-in leads to where that is confirmed, and back', async () => {
      const owner = await anOwner(site.app);
      const context = await newContext({ javaScriptEnabled });
      await site.giveCookies(context, owner.visitor);
      const page = await context.newPage();
      letSignInsAge(site.app);
      await page.goto(site.at('/account/keys'));
      await page.getByLabel('Name').fill('Backup');
      await press(page, 'Create a key');
      await heading(page, 'Is it you?');
      await page.getByLabel('Password').fill('wrong');
      await press(page, 'Confirm');
      await page.getByText('not your current password').waitFor();
      await page.getByLabel('Password').fill(owner.password);
      await press(page, 'Confirm');
      await said(page, 'please do it once more');
      await page.getByLabel('Name').fill('Backup');
      await press(page, 'Create a key');
      await heading(page, 'Your new key');
      await follow(page, 'I have saved it');
      await page.getByText('Backup', { exact: true }).waitFor();
      await page.getByText('Delete', { exact: true }).click();
      await press(page, 'Delete Backup');
      await said(page, 'The key is deleted.');
    });
  });

  describe('With a script', () => {
    it('a refused form is answered in place, with the focus on what is wrong', async () => {
      const page = await openAs(await anOwner(site.app), '/account/profile');
      await page.evaluate('window.isSamePage = true');
      await page.getByLabel('Username').fill('no spaces here');
      await press(page, 'Save');

      await page.getByText('A username has 3 to 32').waitFor();

      expect(await page.evaluate('[window.isSamePage, document.activeElement.id]')).toEqual([
        true,
        'username',
      ]);
      expect(await page.title()).toBe('Error: Profile · Latchkey');
      expect(await page.getByLabel('Username').inputValue()).toBe('no spaces here');
    });

    it('passkeys are added, confirm a sign-in, and are removed', async () => {
      const owner = await anOwner(site.app);
      const page = await openAs(owner, '/account/factors');
      await openAuthenticator(page);
      letSignInsAge(site.app);
      await press(page, 'Add a passkey');
      await heading(page, 'Is it you?');
      await page.getByLabel('Password').fill(owner.password);
      await press(page, 'Confirm');
      await said(page, 'please do it once more');
      await page.getByLabel('Name of the passkey').fill('My laptop');
      await press(page, 'Add a passkey');
      await heading(page, 'Your recovery codes');
      await follow(page, 'I have saved them');
      await page.getByText('My laptop', { exact: true }).waitFor();

      await press(page, 'Add a passkey');
      await page.getByText('No passkey was created.').waitFor();
      letSignInsAge(site.app);
      await page.getByText('Remove', { exact: true }).click();
      await press(page, 'Remove My laptop');
      await heading(page, 'Is it you?');
      await press(page, 'Use a passkey');
      await said(page, 'please do it once more');
      await page.getByText('Remove', { exact: true }).click();
      await press(page, 'Remove My laptop');
      await said(page, 'The passkey is removed here.');
    });

    it('a secret is copied, and times are those of the time zone of the reader', async () => {
      const owner = await anOwner(site.app);
      const context = await newContext({
        timezoneId: 'Asia/Tokyo',
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await site.giveCookies(context, owner.visitor);
      const page = await context.newPage();
      await page.goto(site.at('/account/keys'));
      await page.getByLabel('Name').fill('Backup');
      await press(page, 'Create a key');
      await press(page, 'Copy');
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
        await page.locator('.secret').textContent(),
      );

      await page.goto(site.at('/account/devices'));

      const inTokyo = new Intl.DateTimeFormat('en', {
        ...{ year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' },
        timeZone: 'Asia/Tokyo',
      });
      const at = new Date((await page.locator('time').first().getAttribute('datetime')) ?? '');
      expect(await page.locator('time').first().textContent()).toBe(inTokyo.format(at));
    });
  });
});
