import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import {
  ask,
  isReady,
  sessionOf,
  shows,
  showsSession,
  signUpOn,
  useClientPage,
} from './support/client-page.ts';

declare global {
  interface Window {
    /** While the page is frozen: what it will hear. */
    heldMessages?: (() => void)[] | undefined;
  }
}

const LIFETIME_SECONDS = 900;

/** Lets a page be frozen as a browser does it in the background: it hears late, and then all that was said meanwhile. */
function holdMessages(): void {
  const native = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'onmessage');
  Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
    set(hear: (event: MessageEvent) => void) {
      native?.set?.call(this, (event: MessageEvent) => {
        if (window.heldMessages) window.heldMessages.push(() => hear(event));
        else hear(event);
      });
    },
  });
}

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = useClientPage(browser);

  const expire = () => site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
  const me = () => `${site.latchkeyUrl()}/me`;

  async function twoTabs(transport: 'cookie' | 'token') {
    const profile = await site.emptyProfile({ transport });
    const first = await site.openTab(profile);
    await signUpOn(first);
    return { first, second: await site.openTab(profile) };
  }

  /** Has a page rename its user. @returns what it is told */
  const rename = (page: Page, name: string) =>
    page.evaluate(
      (name) =>
        window.latchkey.updateUser({ name }).then(
          () => 'renamed',
          ({ code }) => code,
        ),
      name,
    );

  async function signUpAnother(page: Page, seenBy: Page): Promise<void> {
    const { email } = await signUpOn(page);
    await showsSession(seenBy, { user: { email } });
  }

  const nameAt = async (page: Page) => (await page.evaluate(() => window.latchkey.user())).name;

  describe('A change that was meant for the account before', () => {
    it('is not repeated for the next one where the token of the first was refused', async () => {
      const { first, second } = await twoTabs('token');
      expire();
      const held = site.heldAnswer(/^\/me\b/);
      const change = rename(first, 'Meant for the first');
      const send = await held;
      await signUpAnother(second, first);

      send();

      expect(await change).toMatch(/^token_/);
      expect(await nameAt(second)).toBeNull();
    });

    it('is not made for the next one where it has waited for a renewal', async () => {
      const { first, second } = await twoTabs('token');
      expire();
      await ask(first, `${site.latchkeyUrl()}/login/providers`);
      const held = site.heldAnswer(/^\/refresh$/);
      const change = rename(first, 'Meant for the first');
      const send = await held;
      await signUpAnother(second, first);

      send();

      expect(await change).toBe('token_missing');
      expect(await nameAt(second)).toBeNull();
    });

    it('is not made for the next one where it has waited for the CSRF token', async () => {
      const { first, second } = await twoTabs('cookie');
      await first.reload();
      await shows(first, 'signed-in');
      const held = site.heldAnswer(/^\/csrf$/);
      const change = rename(first, 'Meant for the first');
      const send = await held;
      await signUpAnother(second, first);

      send();

      expect(await change).toBe('csrf_token_invalid');
      expect(await nameAt(second)).toBeNull();
    });
  });

  it('A tab that was frozen meanwhile takes the session of the latest sign-in, and gives its own to none', async () => {
    const profile = await site.newProfile({ transport: 'token' });
    const first = await profile.newPage();
    await first.addInitScript(holdMessages);
    await first.goto(site.pageUrl());
    await isReady(first);
    await signUpOn(first);
    for (const name of ['Ada', 'Grace']) await rename(first, name);
    await first.evaluate(() => {
      window.heldMessages = [];
    });
    const second = await site.openTab(profile);
    expect(await sessionOf(second)).toMatchObject({ status: 'signed-out' });
    const { email } = await signUpOn(second);

    await first.evaluate(() => {
      const held = window.heldMessages?.splice(0) ?? [];
      window.heldMessages = undefined;
      for (const hear of held) hear();
    });

    await showsSession(first, { user: { email } });
    expect(await sessionOf(second)).toMatchObject({ user: { email } });
    expect(await ask(first, me())).toEqual([200]);
  });

  it('A listener that throws keeps neither other tabs nor other listeners from the session', async () => {
    const profile = await site.emptyProfile({ transport: 'token', storage: 'localStorage' });
    const [first, second] = [await site.openTab(profile), await site.openTab(profile)];
    const thrown = first.waitForEvent('pageerror');
    await first.evaluate(() => {
      window.latchkey.subscribe(() => {
        throw new Error('a fault of the page');
      });
      window.latchkey.subscribe(({ user }) => {
        document.title = user?.email ?? '';
      });
    });

    const { email } = await signUpOn(first);

    await shows(second, 'signed-in');
    expect(await first.title()).toBe(email);
    expect((await thrown).message).toBe('a fault of the page');
    await first.reload();
    await shows(first, 'signed-in');
  });
});
