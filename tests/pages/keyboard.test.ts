import { describe, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { FIREFOX } from '../support/account-pages.ts';
import { useBrowser } from '../support/browser.ts';
import { messageTo } from '../support/codes.ts';
import { codeOf, signUpWithTotp } from '../support/factors.ts';
import { onChromium } from '../support/interop.ts';
import { keyboardOf } from '../support/keyboard.ts';
import { heading, useContexts } from '../support/page-app.ts';
import { aPerson, signUp } from '../support/people.ts';
import { useSignInSite } from '../support/sign-in-site.ts';

onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const site = useSignInSite();
  const said = (page: Page, text: string) => page.getByRole('status').getByText(text).waitFor();
  /** The field that a page begins with has the focus once it is drawn. */
  const isFocused = (page: Page, id: string) => page.locator(`#${id}:focus`).waitFor();

  describe.each([
    ['with', true],
    ['without', false],
  ])('By the keyboard alone, in a browser %s JavaScript', (_how, javaScriptEnabled) => {
    const open = async (path: string) => {
      const page = await (await newContext({ javaScriptEnabled })).newPage();
      await site.open(page, path);
      return { page, ...keyboardOf(page) };
    };

    it('an account is opened, looked after and deleted', async () => {
      const { email, password } = aPerson();
      const { password: newPassword } = aPerson();
      const { page, type, press, pressAt, typeAt } = await open('/sign-up');
      await isFocused(page, 'email');
      await type(email);
      await typeAt('Password', password);
      await press('Enter');
      await heading(page, 'Your account');

      await pressAt('Password');
      await heading(page, 'Password');
      await typeAt('Current password', password);
      await typeAt('New password', newPassword);
      await press('Enter');
      await said(page, 'Your password is changed.');
      await site.app
        .post('/login')
        .set('User-Agent', FIREFOX)
        .send({ email, password: newPassword })
        .expect(200);

      await pressAt('Your account');
      await heading(page, 'Your account');
      await pressAt('API keys');
      await heading(page, 'API keys');
      await typeAt('Name', 'Backup');
      await pressAt('Create a key', 'Space');
      await heading(page, 'Your new key');
      await pressAt('I have saved it');
      await heading(page, 'API keys');
      // It unfolds, and the button within comes next.
      await pressAt('Delete Backup', 'Space');
      await pressAt('Delete Backup');
      await said(page, 'The key is deleted.');

      await pressAt('Your account');
      await heading(page, 'Your account');
      await pressAt('Devices');
      await heading(page, 'Devices');
      await pressAt('Sign out of Firefox on Windows');
      await said(page, 'That device is signed out.');

      await pressAt('Your account');
      await heading(page, 'Your account');
      await pressAt('Your data');
      await heading(page, 'Your data');
      await typeAt('Password', newPassword);
      await pressAt('Delete my account for good');
      await said(page, 'Your account has been deleted');
    });

    it('an authenticator app is set up', async () => {
      const { page, type, press, pressAt, typeAt } = await open('/sign-in');
      const { email, password } = await signUp(site.app);
      await isFocused(page, 'identifier');
      await type(email);
      await typeAt('Password', password);
      await press('Enter');
      await heading(page, 'Your account');
      await pressAt('Passkeys and authenticator apps');
      await heading(page, 'Passkeys and authenticator apps');
      await pressAt('Set up an app');
      await heading(page, 'Set up the app');
      const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '');
      await isFocused(page, 'code');
      await type(codeOf(site.app, secret));
      await press('Enter');
      await heading(page, 'Your recovery codes');
      await pressAt('I have saved them');

      await page.getByText('10 of 10 left.').waitFor();
    });

    it('a person signs in by a second factor, which a recovery code is as well', async () => {
      const { totp, email, password } = await signUpWithTotp(site.app);
      const { page, type, press, pressAt, typeAt } = await open('/sign-in');
      await isFocused(page, 'identifier');
      await type(email);
      await typeAt('Password', password);
      await press('Enter');
      await heading(page, 'Enter the code from your app');
      await pressAt('Use a recovery code');
      await heading(page, 'Use a recovery code');
      await isFocused(page, 'code');
      await type(totp.recoveryCodes[0] ?? '');
      await pressAt('Do not ask on this device', 'Space');
      await pressAt('Continue', 'Space');

      await heading(page, 'Your account');
    });

    it('a person signs in by a code, after one that was wrong', async () => {
      const { email } = aPerson();
      const { page, type, press, pressAt } = await open('/sign-in');
      await isFocused(page, 'identifier');
      await type(email);
      await pressAt('Send me a code');
      await heading(page, 'Enter your code');
      await isFocused(page, 'code');
      await type('12');
      await press('Enter');
      await page.getByText('A code has six digits.').waitFor();
      await isFocused(page, 'code');
      await type((await messageTo(site.app, email)).code);
      await press('Enter');

      await heading(page, 'Your account');
    });

    it('a forgotten password is changed', async () => {
      const { email } = await signUp(site.app);
      site.app.clock.advanceSeconds(1);
      const { page, type, press, pressAt, typeAt } = await open('/sign-in');
      await pressAt('Forgot password?');
      await heading(page, 'Forgot your password?');
      await isFocused(page, 'email');
      await type(email);
      await press('Enter');
      await heading(page, 'Choose a new password');
      await isFocused(page, 'code');
      await type((await messageTo(site.app, email)).code);
      await typeAt('New password', aPerson().password);
      await press('Enter');

      await said(page, 'Your password has been changed.');
    });
  });
});
