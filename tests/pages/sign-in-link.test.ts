import { describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { heading, press, useContexts, usePageApp } from '../support/page-app.ts';
import { aPerson } from '../support/people.ts';

const WITH_AND_WITHOUT_SCRIPTS = [
  ['', true],
  [' without JavaScript', false],
] as const;

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const site = usePageApp();
  const anyDevice = usePageApp({ LINK_ANY_DEVICE: 'true' });

  async function open(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  const says = (page: Page, text: string | RegExp) =>
    page.getByRole('status').filter({ hasText: text }).waitFor();

  /** The app in a browser that has asked there for a link. */
  async function asked(transport: 'token' | 'cookie', { appUrl, latestTo } = site) {
    const context = await newContext();
    const app = await open(context, `${appUrl()}/?transport=${transport}`);
    const { email } = aPerson();
    await app.getByLabel('Email').fill(email);
    await press(app, 'Send me a link');
    await says(app, 'A link is on its way');
    return { context, app, email, link: (await latestTo(email)).link };
  }

  describe('A link that is opened in the browser that asked for it', () => {
    it('leads back to the app, which changes the code for tokens', async () => {
      const { context, email, link } = await asked('token');

      const page = await open(context, link);
      await heading(page, 'Sign in');
      await press(page, 'Sign in');

      await says(page, `Signed in as ${email} with a token`);
      expect(page.url()).toMatch(
        /^http:\/\/app\.corp\.localhost:\d+\/signed-in\?transport=token&code=[\w-]{43}$/,
      );
    });

    it('leads back to the app with a cookie, where that was asked for', async () => {
      const { context, email, link } = await asked('cookie');

      const page = await open(context, link);
      await press(page, 'Sign in');

      await says(page, `Signed in as ${email} with a cookie`);
      expect(page.url()).toBe(`${site.appUrl()}/signed-in?transport=cookie`);
      const names = (await context.cookies()).map(({ name }) => name).sort();
      expect(names).toEqual(['latchkey', 'latchkey-device', 'latchkey-links']);
    });

    it('does the same after a click on a page of mail at another site, as with SameSite=Lax', async () => {
      const { context, email, link } = await asked('cookie');
      const mail = await open(context, 'data:text/html,<p>mail');
      await mail.setContent(`<a href="${link}">Sign in</a>`);

      await mail.getByRole('link').click();
      await press(mail, 'Sign in');

      await says(mail, `Signed in as ${email} with a cookie`);
    });

    it.each(WITH_AND_WITHOUT_SCRIPTS)('needs no script of its own%s', async (_how, javaScriptEnabled) => {
      const context = await newContext({ javaScriptEnabled });
      for (const transport of ['token', 'cookie']) {
        const { link, email } = await site.linkFor(context, { transport });

        const page = await open(context, link);
        await page.getByText(`sign in as ${email} and go back to ${new URL(site.appUrl()).host}`).waitFor();
        await press(page, 'Sign in');
        await heading(page, 'The app');

        expect(new URL(page.url()).searchParams.has('code')).toBe(transport === 'token');
      }
      const { name, httpOnly, sameSite } =
        (await context.cookies()).find(({ name }) => name === 'latchkey') ?? {};
      expect({ name, httpOnly, sameSite }).toEqual({ name: 'latchkey', httpOnly: true, sameSite: 'Lax' });
    });

    it('sends no Referer to the app, and Origin: null with its form', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const page = await open(context, link);
      const posted = page.waitForRequest((request) => request.method() === 'POST');
      const returned = page.waitForRequest((request) => request.url().startsWith(site.appUrl()));

      await press(page, 'Sign in');
      await heading(page, 'The app');

      const headers = await (await posted).allHeaders();
      expect(headers).toMatchObject({ origin: 'null', 'sec-fetch-site': 'same-origin' });
      expect(headers).not.toHaveProperty('referer');
      expect(await (await returned).allHeaders()).not.toHaveProperty('referer');
    });

    it('leads back to an app with a scheme of its own', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context, { return_to: 'com.example.app:/signed-in' });
      const page = await open(context, link);
      await page.getByText('go back to your app').waitFor();
      const returned = page.waitForRequest((request) => request.url().startsWith('com.example.app:'));

      await press(page, 'Sign in');

      expect((await returned).url()).toMatch(/^com\.example\.app:\/signed-in\?code=[\w-]{43}$/);
    });

    it('leads nowhere without the origin of the app in the policy of the page', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const page = await context.newPage();
      const { text, headers } = await site.app
        .get(new URL(link).pathname)
        .set('Cookie', await site.cookieHeader(context));
      const policy = headers['content-security-policy']?.replace(/form-action [^;]+/, "form-action 'self'");
      await page.route(link, (route) =>
        route.request().method() === 'GET'
          ? route.fulfill({ body: text, headers: { ...headers, 'content-security-policy': policy ?? '' } })
          : route.continue(),
      );
      await page.goto(link);
      const refused = page.waitForEvent('console', (message) => /form-action/.test(message.text()));

      await press(page, 'Sign in');

      await refused;
      expect(page.url()).toBe(link);
    });
  });

  describe('A link that is opened in another browser', () => {
    it.each(WITH_AND_WITHOUT_SCRIPTS)(
      'shows a code that signs in where it was asked for%s',
      async (_how, javaScriptEnabled) => {
        const { app, email, link } = await asked('token');
        const elsewhere = await open(await newContext({ javaScriptEnabled }), link);
        await heading(elsewhere, 'Finish where you started');

        await press(elsewhere, 'Show the code');
        await heading(elsewhere, 'Your code');
        const code = (await elsewhere.locator('.digits').textContent()) ?? '';

        expect(code).toMatch(/^\d{6}$/);
        await app.getByLabel('Code').fill(code);
        await press(app, 'Use the code');
        await says(app, `Signed in as ${email} with a token`);
      },
    );

    it('signs in by cookie with the code as well', async () => {
      const { app, context, email, link } = await asked('cookie');
      const elsewhere = await open(await newContext(), link);
      await press(elsewhere, 'Show the code');

      await app.getByLabel('Code').fill((await elsewhere.locator('.digits').textContent()) ?? '');
      await press(app, 'Use the code');

      await says(app, `Signed in as ${email} with a cookie`);
      expect((await context.cookies()).map(({ name }) => name)).toContain('latchkey');
    });

    it('leaves nothing there that is signed in', async () => {
      const { link } = await site.linkFor(await newContext());
      const context = await newContext();
      const page = await open(context, link);

      await press(page, 'Show the code');
      await heading(page, 'Your code');

      expect(await context.cookies()).toEqual([]);
      expect(page.url()).toBe(link);
    });

    it('has a code that is read digit by digit and copied in one piece', async () => {
      const { link } = await site.linkFor(await newContext());
      const context = await newContext();
      const page = await open(context, link);
      await press(page, 'Show the code');
      await heading(page, 'Your code');
      const code = (await page.locator('.digits').textContent()) ?? '';

      const read = await page.locator('main').ariaSnapshot();
      await page.keyboard.press('Control+A');
      const copied = await page.evaluate<string>('getSelection().toString()');
      await page.locator('.digits').dblclick();
      const copiedByDoubleClick = await page.evaluate<string>('getSelection().toString()');

      expect(read).toContain([...code].join(' '));
      expect(read).not.toContain(code);
      expect(copied).toContain(`\n${code}\n`);
      expect(copied).not.toContain([...code].join(' '));
      expect(copiedByDoubleClick).toBe(code);
    });

    it('shows the code once', async () => {
      const { link } = await site.linkFor(await newContext());
      const page = await open(await newContext(), link);
      await press(page, 'Show the code');
      await heading(page, 'Your code');

      await page.goto(link);
      await heading(page, 'This link has been used');
    });

    it('shows a code where it leads back to no page', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context, { return_to: undefined });

      const page = await open(context, link);
      await heading(page, 'Get your code');
      await press(page, 'Show the code');

      await heading(page, 'Your code');
    });

    it('signs in there where LINK_ANY_DEVICE says so', async () => {
      const { link, email } = await asked('cookie', anyDevice);
      const context = await newContext();

      const page = await open(context, link);
      await press(page, 'Sign in');

      await says(page, `Signed in as ${email} with a cookie`);
    });
  });

  it('signs in where SameSite=Strict keeps the cookie from the page, and sends it with the form', async () => {
    const context = await newContext();
    const { link, email } = await site.linkFor(context, { transport: 'cookie' });
    const cookies = await context.cookies();
    await context.addCookies(cookies.map((cookie) => ({ ...cookie, sameSite: 'Strict' as const })));
    const mail = await open(context, 'data:text/html,<p>mail');
    await mail.setContent(`<a href="${link}">Sign in</a>`);

    await mail.getByRole('link').click();
    await heading(mail, 'Finish where you started');
    await press(mail, 'Show the code');

    await mail.waitForURL(`${site.appUrl()}/signed-in`);
    await heading(mail, 'The app');
    const cookie = await site.cookieHeader(context);
    const { body } = await site.app.get('/me').set('Cookie', cookie).expect(200);
    expect(body.user.email).toBe(email);
  });
});
