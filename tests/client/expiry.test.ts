import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { anAdmin } from '../support/admins.ts';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { makeRole } from '../support/roles.ts';
import { useServer } from '../support/serve.ts';
import { ask, eventsOf, sessionOf, signUpOn, useClientPage } from './support/client-page.ts';
import { TRANSPORTS, withService } from './support/transports.ts';

const LIFETIME_SECONDS = 900;
const RENEWAL = /^\/(refresh|session\/token)$/;

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = useClientPage(browser);

  const expire = () => site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

  describe.each(TRANSPORTS)('A tab with $title', ({ options, called }) => {
    const url = () => `${called(site)}/me`;

    /** A clock of Playwright stays with a profile, so one with a clock is of one test alone. */
    async function signedInTab({
      aheadMs,
      hasClock = aheadMs !== undefined,
    }: {
      readonly aheadMs?: number;
      readonly hasClock?: boolean;
    } = {}) {
      const profile = await site[hasClock ? 'newProfile' : 'emptyProfile'](withService(site, options));
      if (aheadMs !== undefined) await profile.clock.setSystemTime(site.app.clock.now() + aheadMs);
      const page = await site.openTab(profile);
      const { email } = await signUpOn(page);
      expect(await ask(page, url())).toEqual([200]);
      site.counts();
      return { profile, page, email };
    }

    it('that has slept past expiry wakes, renews once before it asks, and goes on', async () => {
      const { profile, page } = await signedInTab({ aheadMs: 0 });
      const hours = 5;
      site.app.clock.advanceSeconds(hours * 3600);
      await profile.clock.setSystemTime(site.app.clock.now());

      expect(await ask(page, url(), 20)).toEqual(Array(20).fill(200));

      expect(site.counts()).toEqual({ renewals: 1, refusals: 0 });
    });

    it.each([
      ['an hour ahead', 3_600_000],
      ['an hour behind', -3_600_000],
    ])('whose clock is %s renews ahead of expiry, and is never refused', async (_title, aheadMs) => {
      const { profile, page } = await signedInTab({ aheadMs });
      for (let round = 0; round < 3; round++) {
        site.app.clock.advanceSeconds(LIFETIME_SECONDS - 30);
        await profile.clock.setSystemTime(site.app.clock.now() + aheadMs);

        expect(await ask(page, url(), 5)).toEqual(Array(5).fill(200));

        expect(site.counts()).toEqual({ renewals: 1, refusals: 0 });
      }
    });

    it('that was offline for a minute goes on, and was never signed out', async () => {
      const { profile, page, email } = await signedInTab({ hasClock: true });
      await profile.setOffline(true);
      const [whileGood] = await ask(page, url());
      expire();
      await profile.clock.setSystemTime(site.app.clock.now());
      const [whenExpired] = await ask(page, url());
      await profile.setOffline(false);

      // As fetch() itself fails, and as a renewal does.
      expect([whileGood, whenExpired]).toEqual(['TypeError', 'network_error']);
      expect(await sessionOf(page)).toMatchObject({ status: 'signed-in', user: { email } });
      expect(await ask(page, url(), 5)).toEqual(Array(5).fill(200));
      expect(await eventsOf(page)).not.toContain('signed-out');
    });

    it('whose renewal is cut off asks again with the same credentials, and goes on', async () => {
      const { page } = await signedInTab();
      const sent: (string | null)[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST' && RENEWAL.test(new URL(request.url()).pathname))
          sent.push(request.postData());
      });
      expire();
      const isCut = site.cutAnswer(RENEWAL);

      expect(await ask(page, url(), 5)).toEqual(Array(5).fill(200));

      await isCut;
      expect(sent).toEqual([sent[0], sent[0]]);
      expire();
      expect(await ask(page, url(), 5)).toEqual(Array(5).fill(200));
      expect(await eventsOf(page)).not.toContain('signed-out');
    });

    it('goes on when the service was restarted', async () => {
      const { page } = await signedInTab();
      await site.goDown();
      expire();
      const [whileDown] = await ask(page, url());
      await site.comeBack();

      expect(whileDown).toMatch(/^(TypeError|network_error)$/);
      expect(await ask(page, url(), 5)).toEqual(Array(5).fill(200));
      expect(await eventsOf(page)).not.toContain('signed-out');
    });

    it('waits as long as Retry-After says before it renews or reads once more', async () => {
      const { profile, page } = await signedInTab({ hasClock: true });
      await profile.clock.install();
      await profile.clock.pauseAt(Date.now() + 3_600_000);
      for (const path of [RENEWAL, /^\/me$/]) {
        expire();
        const refused = refuseNext(page, path, { status: 503, retryAfterSeconds: 7 });
        const answered = ask(page, url());
        await refused;
        const { length } = site.answers;
        await profile.clock.runFor(6_900);
        expect(site.answers.slice(length)).toEqual([]);
        await profile.clock.runFor(200);
        expect(await answered).toEqual([200]);
      }
    });

    it('leaves a Retry-After of more than ten seconds to its caller, and goes on later', async () => {
      const { page } = await signedInTab();
      for (const [path, answer] of [
        [/^\/me$/, 503],
        [RENEWAL, 'service_unavailable'],
      ] as const) {
        if (path === RENEWAL) expire();
        const refused = refuseNext(page, path, { status: 503, retryAfterSeconds: 11 });
        expect(await ask(page, url())).toEqual([answer]);
        await refused;
        expect(await sessionOf(page)).toMatchObject({ status: 'signed-in' });
        expect(await ask(page, url())).toEqual([200]);
      }
    });

    it('gives up at once a request that is aborted while it waits for a renewal, which goes on for the others', async () => {
      const { page } = await signedInTab();
      expire();
      await profileKnowsTheTime(page);
      const held = site.heldAnswer(RENEWAL);
      const others = ask(page, url(), 2);
      const aborter = await page.evaluateHandle(() => new AbortController());
      const aborted = page.evaluate(
        async ([url, { signal }]) => {
          const error = await window.latchkey.fetch(url, { signal }).catch((error) => error);
          return `${error.constructor.name} ${error.name}`;
        },
        [url(), aborter] as const,
      );
      const send = await held;

      await aborter.evaluate((controller) => controller.abort());
      expect(await aborted).toBe('DOMException AbortError');

      send();
      expect(await others).toEqual([200, 200]);
      expect(site.counts()).toMatchObject({ renewals: 1 });
    });

    it('renews and goes on where the rights of its user have changed', async () => {
      const { page } = await signedInTab();
      const admin = await anAdmin(site.app);
      const roles = [await makeRole(site.app, ['things:do'])];
      const { user } = await sessionOf(page);
      const path = `/admin/users/${user?.id}/roles`;
      await site.app.put(path).auth(admin.token, { type: 'bearer' }).send({ roles }).expect(200);

      const scope = await page.evaluate(
        async (url) => (await (await window.latchkey.fetch(url)).json()).user.scope,
        url(),
      );

      expect(scope).toBe('things:do');
    });

    /** By an answer that is not about the session. */
    const profileKnowsTheTime = (page: Page) =>
      page.evaluate((url) => window.latchkey.fetch(`${url}/login/providers`), site.latchkeyUrl());
  });

  /** As a proxy refuses while the service does not answer. Resolves once it has. */
  function refuseNext(
    page: Page,
    path: RegExp,
    { status, retryAfterSeconds }: { readonly status: number; readonly retryAfterSeconds: number },
  ): Promise<void> {
    return new Promise((resolve) => {
      page.route(
        (url) => path.test(url.pathname),
        async (route) => {
          await route.fulfill({
            status,
            headers: {
              'Access-Control-Allow-Origin': site.pageUrl(),
              'Access-Control-Allow-Credentials': 'true',
              'Access-Control-Expose-Headers': 'Retry-After',
              'Retry-After': String(retryAfterSeconds),
              'Content-Type': 'application/problem+json',
            },
            body: JSON.stringify({ code: 'service_unavailable', title: 'Come back later', status }),
          });
          resolve();
        },
        { times: 1 },
      );
    });
  }

  describe('A request with a body', () => {
    it.each([
      ['a string', 2, 200],
      ['a Request', 1, 401],
    ] as const)('that is %s is sent %i times when its token has expired', async (kind, times, status) => {
      const page = await site.openTab(await site.emptyProfile({ transport: 'token' }));
      await signUpOn(page);
      expire();
      site.counts();

      const seen = await page.evaluate(
        async ([kind, url]) => {
          const init = {
            method: 'PATCH',
            body: '{"name":"Ada"}',
            headers: { 'Content-Type': 'application/json' },
          };
          const { latchkey } = window;
          const response = await (kind === 'a Request'
            ? latchkey.fetch(new Request(url, init))
            : latchkey.fetch(url, init));
          return response.status;
        },
        [kind, `${site.latchkeyUrl()}/me`] as const,
      );

      expect(seen).toBe(status);
      expect(site.answers.filter(({ path }) => path === '/me')).toHaveLength(times);
      // The next one has another token.
      expect(await ask(page, `${site.latchkeyUrl()}/me`)).toEqual([200]);
    });
  });

  describe('An access token', () => {
    /** What was asked of services of other origins, by their hosts. */
    const requests: { readonly host: string; readonly authorization: string | undefined }[] = [];
    const elsewhere = useServer(({ method, headers, url = '' }, res) => {
      res
        .setHeader('Access-Control-Allow-Origin', '*')
        .setHeader('Access-Control-Allow-Headers', 'authorization');
      if (method !== 'OPTIONS')
        requests.push({ host: headers.host ?? '', authorization: headers.authorization });
      const to = new URL(url, 'http://localhost').searchParams.get('to');
      if (method !== 'OPTIONS' && to !== null) res.writeHead(302, { Location: to });
      res.end('{}');
    });
    const at = (host: string) => `http://${host}.localhost:${elsewhere.port()}`;

    it.each(['token', 'cookie'] as const)(
      'goes to no foreign origin, not even by a redirect, with the transport %s',
      async (transport) => {
        const profile = await site.newProfile({ transport, origins: [at('posts.corp')] });
        const page = await site.openTab(profile);
        await signUpOn(page);
        requests.splice(0);

        const urls = [
          at('evil'),
          `${at('posts.corp')}/?to=${at('evil')}/`,
          at('posts.corp').replace('http', 'HTTP'),
        ];
        for (const url of urls) expect(await ask(page, url)).toEqual([200]);

        const bearer = expect.stringMatching(/^Bearer /);
        const [posts, evil] = ['posts.corp', 'evil'].map((host) => new URL(at(host)).host);
        expect(requests).toEqual([
          { host: evil, authorization: undefined },
          { host: posts, authorization: bearer },
          { host: evil, authorization: undefined },
          { host: posts, authorization: bearer },
        ]);
      },
    );
  });
});
