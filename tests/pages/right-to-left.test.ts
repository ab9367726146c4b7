import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { anOwner, FIREFOX, useAccountSite } from '../support/account-pages.ts';
import { useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { codeOf } from '../support/factors.ts';
import { onChromium } from '../support/interop.ts';
import { useContexts } from '../support/page-app.ts';

const PHONE = '+4915112345678';
const ADDRESS = '2001:db8::7';
const WORDS = {
  direction: 'rtl',
  labels: { last_used: 'آخر استخدام {time}' },
  pages: { account: { overview: { title: 'حسابك' }, devices: { title: 'الأجهزة' } } },
};

/** The characters of a text in the order in which they are drawn: line by line, from left to right. */
const DRAWN = `(text) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const start = node.data.indexOf(text);
    if (start < 0) continue;
    const range = document.createRange();
    const placeOf = (at) => {
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const { top, left } = range.getBoundingClientRect();
      return { top, left };
    };
    return [...text]
      .map((character, index) => ({ character, ...placeOf(start + index) }))
      .sort((a, b) => a.top - b.top || a.left - b.left)
      .map(({ character }) => character)
      .join('');
  }
}`;

const drawn = (page: Page, text: string) => page.evaluate<string>(`(${DRAWN})(${JSON.stringify(text)})`);

onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const directory = useDirectories()();
  writeFileSync(join(directory, 'ar.json'), JSON.stringify(WORDS));
  const site = useAccountSite({ PAGES_MESSAGES_DIR: directory, TRUST_PROXY: '1' });

  describe('On a page that is written from right to left', () => {
    it('phone numbers, IP addresses, secrets and codes are drawn from left to right', async () => {
      const { app } = site;
      const { id, email, password, visitor } = await anOwner(app);
      await app
        .post('/login')
        .set({ 'User-Agent': FIREFOX, 'X-Forwarded-For': ADDRESS })
        .send({ email, password })
        .expect(200);
      await app.models.users.update({ phone: PHONE }, { where: { id } });
      const context = await newContext({ locale: 'ar' });
      await site.giveCookies(context, visitor);
      const page = await context.newPage();

      await page.goto(site.at('/account'));
      expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
      expect(await drawn(page, PHONE)).toBe(PHONE);
      for (const path of ['/account/devices', '/account/activity']) {
        await page.goto(site.at(path));
        expect({ path, address: await drawn(page, ADDRESS) }).toEqual({ path, address: ADDRESS });
      }
      await page.goto(site.at('/account/factors'));
      await page.locator('button[value=begin_app]').click();
      const secret = (await page.locator('.secret').textContent()) ?? '';
      expect(await drawn(page, secret)).toBe(secret);
      await page.locator('[name=code]').fill(codeOf(app, secret.replaceAll(' ', '')));
      await page.locator('button[value=confirm_app]').click();
      await page.locator('.codes li').first().waitFor();
      for (const code of await page.locator('.codes li').allTextContents())
        expect(await drawn(page, code)).toBe(code);
    });
  });
});
