import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { heading, press, useContexts, usePageApp } from '../support/page-app.ts';

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const site = usePageApp();

  async function open(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  const challenges = () => site.app.models.challenges.findAll({ raw: true, order: [['id', 'ASC']] });
  const isUsed = async (challengeId: string) =>
    (await challenges()).find(({ id }) => id === challengeId)?.usedAt !== null;

  describe('A link that is only looked at', () => {
    it('is as good as before after scanners have opened it with GET and HEAD, ten times', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const { pathname } = new URL(link);
      const before = await challenges();

      for (let time = 0; time < 10; time++) {
        await site.app.get(pathname).expect(200);
        await site.app.head(pathname).expect(200);
      }

      expect(await challenges()).toEqual(before);
      const page = await open(context, link);
      await press(page, 'Sign in');
      await heading(page, 'The app');
    });

    it('is as good as before after a browser has fetched it ahead and rendered it ten times', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const before = await challenges();
      const page = await open(context, `${site.appUrl()}/`);
      const hints = `<link rel="prefetch" href="${link}"><script type="speculationrules">${JSON.stringify({ prefetch: [{ source: 'list', urls: [link], eagerness: 'immediate' }] })}</script>`;
      await page.setContent(`${hints}<a href="${link}">The link</a>`);
      await page.getByRole('link').hover();
      const scanner = await newContext({ javaScriptEnabled: false });
      for (let time = 0; time < 10; time++) await open(scanner, link);

      expect(await challenges()).toEqual(before);
    });
  });

  describe('The button of a link', () => {
    it('works once: pressed in a second tab it says that the link has been used', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const [first, second] = [await open(context, link), await open(context, link)];
      await press(first, 'Sign in');
      await heading(first, 'The app');

      await press(second, 'Sign in');

      await heading(second, 'This link has been used');
      await second.getByText('you may be signed in already').waitFor();
    });

    it('leads to the app by a double click as well', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const page = await open(context, link);
      const posts: string[] = [];
      page.on('request', (request) => request.url() === link && posts.push(request.method()));

      await page.getByRole('button').dblclick();

      await heading(page, 'The app');
      expect(posts).toEqual(['POST']);
    });

    it('works by the keyboard, with a visible focus', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const page = await open(context, link);

      await page.keyboard.press('Tab');
      const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outline');
      await page.keyboard.press('Enter');

      await heading(page, 'The app');
      expect(outline).toMatch(/solid 3px$/);
    });

    it('is gone after the way back: the page says that the link has been used', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      const page = await open(context, link);
      await press(page, 'Sign in');
      await heading(page, 'The app');

      await page.goBack();

      await heading(page, 'This link has been used');
    });

    it('says so where the link has expired meanwhile', async () => {
      const context = await newContext();
      const { link, challengeId } = await site.linkFor(context);
      const page = await open(context, link);
      site.app.clock.advanceSeconds(601);

      await press(page, 'Sign in');

      await heading(page, 'This link has expired');
      await page.getByText('ask for a new link').waitFor();
      expect(await isUsed(challengeId)).toBe(false);
    });

    it('says so where a newer link has been sent', async () => {
      const context = await newContext();
      const { email, link } = await site.linkFor(context);
      await site.linkFor(context, { email });

      await heading(await open(context, link), 'There is a newer link');
    });

    it('says so where part of the link is missing', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);

      await heading(await open(context, link.slice(0, -3)), 'This link does not work');
    });
  });

  describe('A page of another site', () => {
    let evil: { readonly url: string; readonly close: () => void };
    let html = '';
    beforeAll(async () => {
      const server = createServer((_req, res) => {
        res.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      evil = {
        url: `http://evil.localhost:${port}`,
        close: () => {
          server.closeAllConnections();
          server.close();
        },
      };
    });
    afterAll(() => evil.close());

    it.each([
      ['', ''],
      [
        ' from a sandbox, whose origin is null',
        '<meta http-equiv="Content-Security-Policy" content="sandbox allow-forms">',
      ],
    ])('cannot press the button by a form%s', async (_how, head) => {
      const context = await newContext();
      const { link, challengeId } = await site.linkFor(context);
      html = `${head}<form method="post" action="${link}"><button>A prize</button></form>`;
      const page = await open(context, evil.url);

      await press(page, 'A prize');

      await heading(page, 'Please press the button here');
      expect(await isUsed(challengeId)).toBe(false);
      await page.getByRole('link', { name: 'Show the page with the button' }).click();
      await press(page, 'Sign in');
      await heading(page, 'The app');
    });

    it('cannot press it by a script', async () => {
      const context = await newContext();
      const { link, challengeId } = await site.linkFor(context);
      html = '<p>nothing';
      const page = await open(context, evil.url);

      await page.evaluate(
        (url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => {}),
        link,
      );

      expect(await isUsed(challengeId)).toBe(false);
    });

    it('cannot have it in a frame, in which a click could be stolen', async () => {
      const context = await newContext();
      const { link } = await site.linkFor(context);
      html = `<iframe src="${link}" width="600" height="600"></iframe>`;
      const page = await context.newPage();
      const refused = page.waitForEvent('console', (message) => /frame/i.test(message.text()));

      await page.goto(evil.url);

      await refused;
      const frames = page.frames().filter((frame) => frame !== page.mainFrame());
      for (const frame of frames) expect(await frame.getByRole('button').count()).toBe(0);
    });
  });
});
