import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
    ({ app, pageUrl } = await open());
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** Latchkey and the page that calls it. */
  async function open(env: Record<string, string> = {}) {
    const opened = await startApp('SQLite', { LOG_LEVEL: 'warn', ...env });
    const port = await freePort();
    const served = await serveBrowserApp(newDirectory(), port, `http://localhost:${opened.port}`);
    stops.push(opened.stop, served.stop);
    return { app: opened, pageUrl: `http://localhost:${port}/` };
  }

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
    it('is signed in by the link of a mail, without a password and without being listed, in the tab that asked as well', async () => {
      const { context, page, email, link } = await asked();
      const tab = await context.newPage();
      await tab.goto(link);

      await press(tab, 'Sign in');

      await greets(tab, email);
      await greets(page, email);
    });

    it('loads nothing that its own policy forbids', async () => {
      const page = await (await newContext()).newPage();
      const said: string[] = [];
      page.on('console', (message) => said.push(message.text()));

      await page.goto(pageUrl);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();

      expect(said.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    });

    it('says what is wrong with a field', async () => {
      const page = await (await newContext()).newPage();
      await page.goto(pageUrl);
      await page.getByLabel('Email').fill(aPerson().email);
      await page.getByLabel('Password').fill('short');

      await press(page, 'Sign up');

      await page.getByText('A password has at least 8 characters.', { exact: true }).waitFor();
    });

    it.each([{ REQUIRE_VERIFIED_EMAIL: 'true' }, { SIGNUP_ENUMERATION: 'hide' }])(
      'asks for the code of a sign-up, and then for the password, with %j',
      async (env) => {
        const strict = await open(env);
        const page = await (await newContext()).newPage();
        await page.goto(strict.pageUrl);
        const { email, password } = aPerson();
        const fill = async () => {
          await page.getByLabel('Email').fill(email);
          await page.getByLabel('Password').fill(password);
        };
        await fill();
        await press(page, 'Sign up');
        await page.getByText(`A code is on its way to ${email}.`).waitFor();
        await strict.app.outbox.settled();
        const [message] = await strict.app.outbox.listLatest(1);
        const { code = '' } = (message?.data ?? {}) as { code?: string };

        await page.getByRole('textbox', { name: 'Code' }).fill(code);
        await press(page, 'Confirm my address');
        await page.getByText('Your address is confirmed. Sign in.').waitFor();
        await fill();
        await press(page, 'Sign in');

        await greets(page, email);
      },
    );

    it('is signed in by the code that the link shows in another browser', async () => {
      const { page, email, link } = await asked();
      const elsewhere = await (await newContext()).newPage();
      await elsewhere.goto(link);
      await press(elsewhere, 'Show the code');

      await page
        .getByRole('textbox', { name: 'Code' })
        .fill((await elsewhere.locator('.digits').textContent()) ?? '');
      await press(page, 'Use the code');

      await greets(page, email);
      await page.reload();
      await greets(page, email);
    });

    it('says so where the code is wrong', async () => {
      const { page } = await asked();

      await page.getByRole('textbox', { name: 'Code' }).fill('000000');
      await press(page, 'Use the code');

      await page.getByRole('status').filter({ hasText: /code/i }).waitFor();
    });
  });
});
