import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../../support/browser.ts';
import { onChromium } from '../../support/interop.ts';
import { useContexts } from '../../support/page-app.ts';
import { aPerson } from '../../support/people.ts';
import { useSocialSite } from '../../support/social-site.ts';

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const site = useSocialSite();
  const strictSite = useSocialSite({ COOKIE_SAMESITE: 'strict' });

  /** Chooses a provider on the sign-in page, with the app to go on to, and signs in there. */
  async function signIn(page: Page, { of = site, consent = true } = {}): Promise<string> {
    const { email } = aPerson();
    const parameters = new URLSearchParams({ return_to: `${of.appUrl()}/signed-in?transport=cookie` });
    await page.goto(`${of.latchkey()}/sign-in?${parameters}`);
    await page.getByRole('link', { name: 'Continue with acme' }).click();
    await of.providers.acme.signInOn(page, { login: email, consent });
    return email;
  }

  describe('A provider that is chosen on the sign-in page', () => {
    it('leads back through it to the app', async () => {
      const page = await (await newContext()).newPage();

      const email = await signIn(page);

      await site.says(page, `Signed in as ${email} with a cookie`);
      expect(page.url()).toBe(`${site.appUrl()}/signed-in?transport=cookie`);
    });

    it('leads back to it where the person cancels, with where they wanted to go', async () => {
      const page = await (await newContext()).newPage();

      await signIn(page, { consent: false });

      await page.getByRole('alert').filter({ hasText: 'You did not agree at the provider.' }).waitFor();
      expect(new URL(page.url()).searchParams.get('return_to')).toContain(site.appUrl());
    });

    it('takes one more click where the cookie does not come along from another site', async () => {
      const page = await (await newContext()).newPage();

      const email = await signIn(page, { of: strictSite });
      await page.getByRole('link', { name: 'Continue' }).click();

      await strictSite.says(page, `Signed in as ${email} with a cookie`);
    });
  });
});
