import { describe, expect, it } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { useBrowser } from '../../support/browser.ts';
import { messageTo } from '../../support/codes.ts';
import { codeOf, signUpWithTotp } from '../../support/factors.ts';
import { onChromium } from '../../support/interop.ts';
import { heading, press, useContexts } from '../../support/page-app.ts';
import { DESK, watchPage } from '../../support/page-checks.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { useSignInSite } from '../../support/sign-in-site.ts';
import { openAuthenticator } from '../../support/virtual-authenticator.ts';

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const site = useSignInSite();

  const identifier = (page: Page) => page.getByLabel(/^Email/);
  const password = (page: Page) => page.getByLabel('Password', { exact: true });

  async function fillIn(page: Page, person: { readonly email: string; readonly password: string }) {
    await identifier(page).fill(person.email);
    await password(page).fill(person.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  describe.each([
    ['with', true],
    ['without', false],
  ])('In a browser %s JavaScript', (_how, javaScriptEnabled) => {
    const newPage = async () => (await newContext({ javaScriptEnabled })).newPage();

    it('a person signs up, out and in again, after a wrong password', async () => {
      const person = aPerson();
      const page = await newPage();
      await site.open(page, '/');
      await page.getByRole('link', { name: 'Create an account' }).click();
      await page.getByLabel('Email').fill(person.email);
      await page.getByLabel('Password', { exact: true }).fill(person.password);
      await press(page, 'Create an account');
      await site.isAt(page, '/account');

      await site.open(page, '/sign-out');
      await press(page, 'Sign out');
      await page.getByText('You have signed out.').waitFor();
      await fillIn(page, { ...person, password: 'not this one' });
      await page.getByRole('alert').filter({ hasText: 'is not correct' }).waitFor();
      expect(await identifier(page).inputValue()).toBe(person.email);
      expect(await password(page).inputValue()).toBe('');
      expect(await page.title()).toBe('Error: Sign in · Latchkey');
      expect(await page.evaluate('document.activeElement.className')).toBe('alert');
      await fillIn(page, person);
      await site.isAt(page, '/account');
    });

    it('a sign-in leads back to an app on another host, by the cookie or with a code', async () => {
      for (const transport of ['cookie', 'token']) {
        const person = await signUp(site.app);
        const page = await newPage();
        const parameters = new URLSearchParams({ return_to: `${site.appUrl()}/signed-in`, transport });
        await site.open(page, `/sign-in?${parameters}`);

        await fillIn(page, person);

        await heading(page, 'The app');
        expect(new URL(page.url()).searchParams.has('code')).toBe(transport === 'token');
      }
    });

    it('a code of a message signs in, after one that was mistyped', async () => {
      const { email } = aPerson();
      const page = await newPage();
      await site.open(page, '/sign-in');
      await identifier(page).fill(email);
      await press(page, 'Send me a code');
      await heading(page, 'Enter your code');

      await page.getByLabel('Code').fill('12');
      await press(page, 'Sign in');
      await page.getByText('A code has six digits.').waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('code');
      await page.getByLabel('Code').fill((await messageTo(site.app, email)).code);
      await press(page, 'Sign in');

      await site.isAt(page, '/account');
    });

    it('a link of a message signs in and goes on to the app', async () => {
      const { email } = aPerson();
      const page = await newPage();
      await site.open(page, `/sign-in?${new URLSearchParams({ return_to: `${site.appUrl()}/x` })}`);
      await identifier(page).fill(email);
      await press(page, 'Email me a sign-in link');
      await heading(page, 'Check your email');

      await page.goto((await messageTo(site.app, email)).link);
      await press(page, 'Sign in');

      await heading(page, 'The app');
      expect(page.url()).toBe(`${site.appUrl()}/x`);
    });

    it('a second factor is asked for, by the app or by a recovery code', async () => {
      const { totp, ...person } = await signUpWithTotp(site.app);
      const page = await newPage();
      await site.open(page, '/sign-in');
      await fillIn(page, person);
      await heading(page, 'Enter the code from your app');

      await page.getByRole('link', { name: 'Use a recovery code' }).click();
      await heading(page, 'Use a recovery code');
      await page.getByRole('link', { name: 'Use your authenticator app' }).click();
      await page.getByLabel('Code', { exact: true }).fill(codeOf(site.app, totp.secret));
      await page.getByLabel(/Do not ask on this device/).check();
      await press(page, 'Continue');

      await site.isAt(page, '/account');
    });

    it('a forgotten password is changed by the code of a message', async () => {
      const { email } = await signUp(site.app);
      site.app.clock.advanceSeconds(1);
      const page = await newPage();
      await site.open(page, '/sign-in');
      await page.getByRole('link', { name: 'Forgot password?' }).click();
      await page.getByLabel('Email').fill(email);
      await press(page, 'Send the code');
      await heading(page, 'Choose a new password');
      await page.getByLabel('Code').fill((await messageTo(site.app, email)).code);
      await page.getByLabel('New password').fill(aPerson().password);
      await press(page, 'Change my password');

      await page.getByText('Your password has been changed.').waitFor();
    });
  });

  describe('With JavaScript', () => {
    it('a refusal changes what is in the page and does not load it anew', async () => {
      const page = await (await newContext()).newPage();
      await site.open(page, '/sign-in');
      await page.evaluate('window.isTheSame = true');

      await fillIn(page, { email: 'nobody@example.com', password: 'x' });
      await page.getByRole('alert').filter({ hasText: 'is not correct' }).waitFor();

      expect(await page.evaluate('window.isTheSame')).toBe(true);
    });

    it('a form that is sent twice in a moment is sent once', async () => {
      const page = await (await newContext()).newPage();
      await site.open(page, '/sign-in');
      let sent = 0;
      page.on('request', (request) => {
        if (request.method() === 'POST' && new URL(request.url()).pathname === '/sign-in') sent++;
      });

      await identifier(page).fill('nobody@example.com');
      await password(page).fill('x');
      await page.getByRole('button', { name: 'Sign in', exact: true }).dblclick();
      await page.getByRole('alert').filter({ hasText: 'is not correct' }).waitFor();

      expect(sent).toBe(1);
    });

    it.each([
      ['nothing comes', (route: Route) => route.abort()],
      [
        'a proxy answers in place of the service',
        (route: Route) =>
          route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }),
      ],
    ])(
      'a form is not sent again by itself where %s, and by a person the ordinary way',
      async (_what, answer) => {
        const person = await signUp(site.app);
        const page = await (await newContext()).newPage();
        const sent: string[] = [];
        await page.route('**/sign-in', (route) => {
          const request = route.request();
          if (request.method() === 'POST') sent.push(request.resourceType());
          return request.resourceType() === 'fetch' ? answer(route) : route.continue();
        });
        await site.open(page, '/sign-in');

        await fillIn(page, person);

        await page.getByRole('alert').filter({ hasText: 'No answer came' }).waitFor();
        expect(await page.evaluate('document.activeElement.className')).toBe('alert');
        expect(await identifier(page).inputValue()).toBe(person.email);
        expect(sent).toEqual(['fetch']);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        await site.isAt(page, '/account');
        expect(sent).toEqual(['fetch', 'document']);
      },
    );

    it('the password can be looked at', async () => {
      const page = await (await newContext()).newPage();
      await site.open(page, '/sign-in');
      await password(page).fill('secret');

      await press(page, 'Show');
      expect(await password(page).getAttribute('type')).toBe('text');
      await press(page, 'Hide');
      expect(await password(page).getAttribute('type')).toBe('password');
    });

    it('nothing moves while a page loads at desk size, and all of it is under 50 KB', async () => {
      const page = await (await newContext({ viewport: DESK })).newPage();
      const problemsSoFar = await watchPage(page, site.latchkey());
      for (const path of ['/sign-in', '/sign-up', '/forgot']) {
        await site.open(page, path);
        expect({ path, problems: await problemsSoFar() }).toEqual({ path, problems: [] });
      }
    });

    it('the page of an account does not come back by the back button after a sign-out', async () => {
      const person = await signUp(site.app, { name: 'Grace Hopper' });
      const page = await (await newContext()).newPage();
      await site.open(page, '/sign-in');
      await fillIn(page, person);
      await site.isAt(page, '/account');
      await site.open(page, '/sign-out');
      await page.getByText('Grace Hopper').waitFor();
      await press(page, 'Sign out');
      await page.getByText('You have signed out.').waitFor();

      await page.goBack();

      await heading(page, 'Sign in');
      expect(await page.getByText('Grace Hopper').count()).toBe(0);
    });
  });

  describe('With a passkey', () => {
    /** A page whose browser has an authenticator, and the passkey of a person on it. */
    async function withPasskey() {
      const person = await signUp(site.app);
      const page = await (await newContext()).newPage();
      await site.open(page, '/sign-in');
      await fillIn(page, person);
      await site.isAt(page, '/account');
      await openAuthenticator(page);
      await site.open(page, '/sign-out');
      await page.evaluate(`(async () => {
        const send = async (path, body) => {
          const { csrf_token } = await (await fetch('/csrf')).json();
          const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token };
          return (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
        };
        const { challenge_token, public_key } = await send('/passkeys/registration/options');
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(public_key);
        const credential = await navigator.credentials.create({ publicKey });
        await send('/passkeys/registration', { challenge_token, credential });
      })()`);
      return { page, person };
    }

    it('a person is signed in from the list of what to fill in, without a button', async () => {
      const { page } = await withPasskey();

      await press(page, 'Sign out');

      // The authenticator of this test chooses at once.
      await site.isAt(page, '/account');
    });

    it('a person is signed in by the button', async () => {
      const { page } = await withPasskey();
      await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
      await press(page, 'Sign out');
      await page.getByText('You have signed out.').waitFor();

      await press(page, 'Use a passkey');

      await site.isAt(page, '/account');
    });

    it('a second factor is proved with it', async () => {
      const { page, person } = await withPasskey();
      await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
      await press(page, 'Sign out');
      await page.getByText('You have signed out.').waitFor();
      await fillIn(page, person);
      await heading(page, 'Use your passkey');

      await press(page, 'Use my passkey');

      await site.isAt(page, '/account');
    });

    it('there is no button for it where no script runs', async () => {
      const page = await (await newContext({ javaScriptEnabled: false })).newPage();
      await site.open(page, '/sign-in');

      expect(await page.getByRole('button', { name: 'Use a passkey' }).count()).toBe(0);
    });
  });
});
