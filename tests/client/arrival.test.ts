import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { sessionOf, useClientPage } from './support/client-page.ts';

const RETURN_TO = 'com.example.app:/signed-in';

onChromium((chromium) => {
  const site = useClientPage(useBrowser(chromium));

  const completeSignIn = (page: Page, url?: string) =>
    page.evaluate(
      (url) =>
        window.latchkey.completeSignIn(url).catch(({ name, code, message }) => ({ name, code, message })),
      url,
    );

  describe('A page that is opened by a link', () => {
    it.each([
      ['a code', 'code=abc'],
      ['a second factor', 'error=second_factor_required&challenge_token=abc&methods=totp&expires_in=300'],
      ['an error', 'error=locked&error_description=Call+this+number&detail=Call+this+number&errors=1'],
    ])('does not heed %s of a sign-in that was begun elsewhere', async (_title, query) => {
      const page = await site.openTab(await site.newProfile({ transport: 'token' }), `/?${query}`);

      expect(await completeSignIn(page)).toEqual({
        name: 'LatchkeyError',
        code: 'invalid_state',
        message: 'This browser has not begun this sign-in',
      });

      expect(await sessionOf(page)).toMatchObject({ status: 'signed-out' });
      expect(page.url()).toBe(
        `${site.pageUrl()}/${query.includes('errors') ? '?detail=Call+this+number&errors=1' : ''}`,
      );
    });
  });

  it('An app in a web view completes a sign-in whose URL is not that of its page', async () => {
    const page = await site.openTab(await site.newProfile({ transport: 'token' }));
    await page.evaluate((returnTo) => window.latchkey.urlOfProvider('demo', returnTo), RETURN_TO);

    const refusal = await completeSignIn(page, `${RETURN_TO}?error=access_denied`);

    expect(refusal).toMatchObject({ name: 'LatchkeyError', code: 'access_denied' });
    expect(page.url()).toBe(`${site.pageUrl()}/`);
  });

  it('A page begins a sign-in where its storage is full', async () => {
    const page = await site.openTab(await site.newProfile({ transport: 'token' }));

    const url = await page.evaluate((returnTo) => {
      for (let size = 5 * 1024 * 1024, count = 0; size > 0; count++)
        try {
          localStorage.setItem(`filler-${count}`, 'x'.repeat(size));
        } catch {
          size = Math.floor(size / 2);
        }
      return window.latchkey.urlOfProvider('demo', returnTo);
    }, RETURN_TO);

    expect(url).toContain('/login/demo?');
    expect(await completeSignIn(page, `${RETURN_TO}?error=access_denied`)).toMatchObject({
      code: 'access_denied',
    });
  });
});
