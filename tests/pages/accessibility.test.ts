import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { axeViolations, usePageApp } from '../support/page-app.ts';
import { pageStates, visitEach } from '../support/page-states.ts';

const PHONE = { viewport: { width: 360, height: 640 }, bypassCSP: true };
/** What 1280 pixels are at 400 % (WCAG 2.2, 1.4.10). */
const NARROW = { viewport: { width: 320, height: 256 }, bypassCSP: true };

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
    it.each(['light', 'dark'] as const)(
      'passes the rules of WCAG 2.2 AA that axe can check, in the %s scheme',
      async (colorScheme) => {
        expect(await problemsOf({ ...PHONE, colorScheme }, axeViolations)).toEqual([]);
      },
    );

    it('needs no scrolling to the side at 400 %, nor with letters twice as large on a phone', async () => {
      expect(await problemsOf(NARROW, overflowOf)).toEqual([]);
      const enlarged = await problemsOf(PHONE, async (page) => {
        await page.addStyleTag({ content: 'html { font-size: 200%; }' });
        return overflowOf(page);
      });
      expect(enlarged).toEqual([]);
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
