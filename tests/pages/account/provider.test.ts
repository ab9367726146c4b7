import { describe, expect, it } from '@jest/globals';
import { useBrowser } from '../../support/browser.ts';
import { onChromium } from '../../support/interop.ts';
import { press, useContexts } from '../../support/page-app.ts';
import { aPerson } from '../../support/people.ts';
import { useSocialSite } from '../../support/social-site.ts';

onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const site = useSocialSite();

  describe.each([
    ['with', true],
    ['without', false],
  ])('In a browser %s JavaScript', (_how, javaScriptEnabled) => {
    it('an account at a provider is connected, and disconnected', async () => {
      const page = await (await newContext({ javaScriptEnabled })).newPage();
      const { email, password } = aPerson();
      await page.goto(`${site.latchkey()}/sign-up`);
      await page.getByLabel('Email').fill(email);
      await page.getByLabel('Password').fill(password);
      await press(page, 'Create an account');
      await page.getByRole('link', { name: 'Connected accounts' }).click();

      const { email: login } = aPerson();
      const connect = async (consent: boolean) => {
        await press(page, 'Connect acme');
        if (!javaScriptEnabled) await page.getByRole('link', { name: 'Continue' }).click();
        await site.providers.acme.signInOn(page, { login, consent });
      };

      await connect(false);
      await page.getByRole('alert').getByText('Nothing has changed.').waitFor();
      await connect(true);

      await page.getByRole('status').getByText('acme is connected.').waitFor();
      expect(new URL(page.url()).pathname).toBe('/account/providers');
      await page.getByText('Disconnect', { exact: true }).click();
      await press(page, 'Disconnect acme');
      await page.getByRole('status').getByText('It is no longer connected.').waitFor();
    });
  });
});
