import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { axeViolations, usePageApp } from '../support/page-app.ts';
import { pageStates, visitEach } from '../support/page-states.ts';

const PHONE = { viewport: { width: 360, height: 640 }, bypassCSP: true };
/** What 1280 pixels are at 400 % (WCAG 2.2, 1.4.10). */
const NARROW = { width: 320, height: 256 };

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = usePageApp({ NEW_DEVICE_MAIL: 'true' });

  /** What is wrong, by the names of the pages. */
  async function problemsOf(
    options: Parameters<typeof visitEach>[2],
    find: (page: Page) => Promise<readonly string[]>,
  ): Promise<string[]> {
    const problems: string[] = [];
    let visited = 0;
    await visitEach(browser, pageStates(site), options, async (page, name) => {
      problems.push(...(await find(page)).map((problem) => `${name}: ${problem}`));
      visited++;
    });
    expect(visited).toBeGreaterThan(15);
    return problems;
  }

  /** How far a page reaches beyond the window to the right. */
  async function overflowOf(page: Page): Promise<readonly string[]> {
    const beyond = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    return beyond > 0 ? [`${beyond} pixels beyond the window`] : [];
  }

  describe('Every page that people see', () => {
    // In one visit, since most pages take a sign-in or a message to get to.
    it('passes the rules of WCAG 2.2 AA that axe can check, light and dark, at 400 % and with letters twice as large', async () => {
      const problems = await problemsOf(PHONE, async (page) => {
        const found: string[] = [];
        await page.emulateMedia({ colorScheme: 'light' });
        found.push(...(await axeViolations(page)));
        await page.emulateMedia({ colorScheme: 'dark' });
        // The schemes differ in nothing but their colours.
        const inDark = await axeViolations(page, ['color-contrast']);
        found.push(...inDark.map((problem) => `in the dark scheme: ${problem}`));
        await page.setViewportSize(NARROW);
        found.push(...(await overflowOf(page)).map((problem) => `at 400 %: ${problem}`));
        await page.setViewportSize(PHONE.viewport);
        await page.addStyleTag({ content: 'html { font-size: 200%; }' });
        found.push(...(await overflowOf(page)).map((problem) => `with large letters: ${problem}`));
        return found;
      });
      expect(problems).toEqual([]);
    });

    it('breaks no rule of its own policy, and asks for nothing else', async () => {
      const problems = await problemsOf({ viewport: PHONE.viewport }, async (page) => {
        const told: string[] = [];
        page.on('console', (message) => told.push(message.text()));
        page.on('request', (request) => told.push(`${request.method()} ${request.url()}`));
        // Of what came by a form the address is that of the page with the button.
        await page.reload();
        return told.filter((text) => !/ http:\/\/auth\.corp\.localhost|status of 40/.test(text));
      });
      expect(problems).toEqual([]);
    });
  });
});
