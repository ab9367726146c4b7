import { describe, expect, it } from '@jest/globals';
import { type ClientEvent, createClient } from '../../client/src/index.ts';
import { useApp } from '../support/app.ts';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { aPerson } from '../support/people.ts';
import { ask, isReady, sessionOf, signUpOn, useClientPage } from './support/client-page.ts';

const LIFETIME_SECONDS = 900;

onChromium((chromium) => {
  const site = useClientPage(useBrowser(chromium));

  it.each(['sessionStorage', 'localStorage'])(
    'A tab that is loaded again goes on with the tokens that another tab has renewed: %s',
    async (storage) => {
      const profile = await site.newProfile({ transport: 'token', storage } as never);
      const first = await site.openTab(profile);
      await signUpOn(first);
      const second = await site.openTab(profile);
      const url = `${site.latchkeyUrl()}/me`;
      // After the second one, that of the sign-in is known to be used up.
      for (let renewal = 0; renewal < 2; renewal++) {
        site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
        await ask(second, url);
      }

      await second.close();
      await first.reload();
      await first.waitForFunction(() => window.latchkey?.session.status !== 'loading');
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

      expect(await ask(first, url)).toEqual([200]);
      expect(await sessionOf(first)).toMatchObject({ status: 'signed-in' });
    },
  );

  it('A tab that comes back goes on with the tokens that another tab has renewed while it was away: sessionStorage', async () => {
    const profile = await site.newProfile({ transport: 'token', storage: 'sessionStorage' } as never);
    const first = await site.openTab(profile);
    await signUpOn(first);
    const second = await site.openTab(profile);
    await first.goto(`${site.latchkeyUrl()}/health`);
    for (let renewal = 0; renewal < 2; renewal++) {
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
      expect(await ask(second, `${site.latchkeyUrl()}/me`)).toEqual([200]);
    }
    site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

    await first.goBack();
    await isReady(first);

    expect(await ask(first, `${site.latchkeyUrl()}/me`)).toEqual([200]);
    expect(await sessionOf(second)).toMatchObject({ status: 'signed-in' });
  });
});

describe('A client whose storage fails', () => {
  const app = useApp('SQLite');
  const fail = (): never => {
    throw new DOMException('The quota has been exceeded', 'QuotaExceededError');
  };

  it.each([
    ['at once', fail],
    ['later', async () => fail()],
  ])('%s signs in and renews by what it has in memory, and says so', async (_title, failing) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const events: ClientEvent[] = [];
    const client = createClient({
      url: app.url,
      transport: 'token',
      storage: { getItem: failing, setItem: failing, removeItem: failing },
      onEvent: (event) => events.push(event),
    });

    await client.ready();
    expect(client.session).toMatchObject({ status: 'signed-out' });
    await client.signUp(aPerson());
    app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
    expect((await client.fetch(`${app.url}/me`)).status).toBe(200);
    await client.signOut();

    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type !== 'storage-failed')).toEqual(['signed-in', 'renewed', 'signed-out']);
    expect(types).toContain('storage-failed');
    expect(unhandled).toEqual([]);
    process.off('unhandledRejection', note);
    client.close();
  });

  it.each(['null', '5', '"text"', '{}', '{"version":5}'])(
    'to give what it has written finds nobody signed in: %s',
    async (stored) => {
      const storage = { getItem: () => stored, setItem: () => {}, removeItem: () => {} };
      const client = createClient({ url: app.url, transport: 'token', storage });

      await client.ready();

      expect(client.session).toEqual({ status: 'signed-out', user: null });
      client.close();
    },
  );
});
