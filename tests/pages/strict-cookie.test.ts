import { describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { heading, press, useContexts } from '../support/page-app.ts';
import { aPerson, type Person, signUp } from '../support/people.ts';
import { serve } from '../support/serve.ts';
import { useSocialSite } from '../support/social-site.ts';

/** Browsers do not send such a cookie when another site leads here, also by way of a redirect. */
onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const site = useSocialSite({ COOKIE_SAMESITE: 'strict' });
  const at = (path: string) => site.latchkey() + path;

  async function signIn(page: Page, { email, password }: Pick<Person, 'email' | 'password'>) {
    await page.goto(at('/sign-in'));
    await page.getByLabel(/^Email/).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(at('/account'));
  }

  /** A tab in which a page of another site has a link to here, which is followed. */
  async function comeFromElsewhere(context: BrowserContext, path: string): Promise<Page> {
    const elsewhere = await serve((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/html' }).end(`<a href="${at(path)}">Go</a>`);
    });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${elsewhere.port}/`);
    await page.getByRole('link', { name: 'Go' }).click();
    await page.waitForURL((url) => url.href.startsWith(site.latchkey()));
    await elsewhere.stop();
    return page;
  }

  describe('With COOKIE_SAMESITE=strict', () => {
    it('a provider that is connected leads back to its page, with one more click', async () => {
      const page = await (await newContext()).newPage();
      await signIn(page, await signUp(site.app));
      await page.goto(at('/account/providers'));
      for (const [consent, text] of [
        [false, 'Nothing has changed.'],
        [true, 'acme is connected.'],
      ] as const) {
        await press(page, 'Connect acme');
        await site.providers.acme.signInOn(page, { login: aPerson().email, consent });
        await heading(page, 'Almost there');
        await page.getByRole('link', { name: 'Continue' }).click();

        await page.getByText(text).waitFor();
        expect(new URL(page.url()).pathname).toBe('/account/providers');
      }
    });

    it('a link of another site to the sign-out signs nobody out, and asks a user who is signed in', async () => {
      const context = await newContext();
      const person = await signUp(site.app);
      await signIn(await context.newPage(), person);

      const page = await comeFromElsewhere(context, '/sign-out');
      await page.getByRole('link', { name: 'Continue' }).click();

      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You have signed out.').waitFor();
    });

    it('a link of another site to a page of the account leads there, or to the sign-in and then there', async () => {
      const context = await newContext();
      const person = await signUp(site.app);

      const page = await comeFromElsewhere(context, '/account/activity?notice=x');
      await page.getByRole('link', { name: 'Continue' }).click();
      await heading(page, 'Sign in');
      await signIn(await context.newPage(), person);
      const later = await comeFromElsewhere(context, '/account/activity?notice=x');
      await later.getByRole('link', { name: 'Continue' }).click();

      await heading(later, 'Activity');
      expect(page.url()).toContain(`return_to=${encodeURIComponent('/account/activity?notice=x')}`);
    });

    it('the forms of other tabs are good still when another site has led to a page', async () => {
      const context = await newContext();
      const person = await signUp(site.app);
      const page = await context.newPage();
      await page.goto(at('/sign-in'));
      await comeFromElsewhere(context, '/sign-in');

      await page.getByLabel(/^Email/).fill(person.email);
      await page.getByLabel('Password', { exact: true }).fill(person.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();

      await page.waitForURL(at('/account'));
    });
  });
});
