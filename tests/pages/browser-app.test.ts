import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { PUBLIC_URL, startApp, type TestApp } from '../support/app.ts';
import { serveBrowserApp, useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { onChromium } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { press, useContexts } from '../support/page-app.ts';
import { aPerson } from '../support/people.ts';

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const newDirectory = useDirectories();
  const stops: (() => Promise<void>)[] = [];
  let app: TestApp;
  let pageUrl: string;

  beforeAll(async () => {
    app = await startApp('SQLite', { LOG_LEVEL: 'warn' });
    const port = await freePort();
    const served = await serveBrowserApp(newDirectory(), port, `http://localhost:${app.port}`);
    stops.push(app.stop, served.stop);
    pageUrl = `http://localhost:${port}/`;
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** A page on which a person has asked for a link without a password, and the link. */
  async function asked() {
    const context = await newContext();
    const page = await context.newPage();
    await page.goto(pageUrl);
    const { email } = aPerson();
    await page.getByLabel('Email').fill(email);
    await press(page, 'Email me a link');
    await page.getByText(`A link is on its way to ${email}.`).waitFor();
    await app.outbox.settled();
    const message = (await app.outbox.listLatest(50)).find(({ to }) => to === email);
    const { link = '' } = (message?.data ?? {}) as { link?: string };
    return { context, page, email, link: link.replace(PUBLIC_URL, `http://localhost:${app.port}`) };
  }

  const greets = (page: Page, name: string) =>
    page.getByRole('heading', { name: `Hello, ${name}`, exact: true }).waitFor();

  describe('The example page', () => {
    it('is signed in by the link of a mail, without a password and without being listed', async () => {
      const { context, email, link } = await asked();
      const tab = await context.newPage();
      await tab.goto(link);

      await press(tab, 'Sign in');

      await greets(tab, email);
    });

    it('is signed in by the code that the link shows in another browser', async () => {
      const { page, email, link } = await asked();
      const elsewhere = await (await newContext()).newPage();
      await elsewhere.goto(link);
      await press(elsewhere, 'Show the code');

      await page.getByLabel('Code').fill((await elsewhere.locator('.digits').textContent()) ?? '');
      await press(page, 'Use the code');

      await greets(page, email);
      await page.reload();
      await greets(page, email);
    });

    it('says so where the code is wrong', async () => {
      const { page } = await asked();

      await page.getByLabel('Code').fill('000000');
      await press(page, 'Use the code');

      await page.getByRole('status').filter({ hasText: /code/i }).waitFor();
    });
  });
});
