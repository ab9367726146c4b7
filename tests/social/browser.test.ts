import { describe, expect, it } from '@jest/globals';
import type { Page, Request } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { isLongForm } from '../support/extent.ts';
import { onChromium } from '../support/interop.ts';
import { axeViolations, heading, useContexts } from '../support/page-app.ts';
import { aPerson } from '../support/people.ts';
import { type ProviderId, type SocialSite, useSocialSite } from '../support/social-site.ts';

const CANNOT_GO_ON = 'This sign-in cannot go on here';

onChromium((chromium) => {
  const newContext = useContexts(useBrowser(chromium));
  const site = useSocialSite();
  const strictSite = useSocialSite({ COOKIE_SAMESITE: 'strict' });

  async function newPage(): Promise<Page> {
    return (await newContext()).newPage();
  }

  /** Signs in at the provider, from the app and back to it. Returns the address of the person. */
  async function signIn(
    page: Page,
    id: ProviderId = 'acme',
    { of = site, transport = 'token', consent = true, login = aPerson().email }: SignInOptions = {},
  ): Promise<string> {
    await of.begin(page, id, transport);
    await of.providers[id].signInOn(page, { login, consent });
    return login;
  }

  describe.each<ProviderId>(['acme', 'formal'])('A sign-in at the provider %s', (id) => {
    it('leads back to the app, which exchanges the code for tokens', async () => {
      const page = await newPage();

      const email = await signIn(page, id);

      await site.says(page, `Signed in as ${email} with a token`);
      expect(page.url()).toMatch(/^http:\/\/app\.corp\.localhost:\d+\/signed-in\?code=[\w-]{43}$/);
    });

    it('leads back to the app with a cookie, where that was asked for', async () => {
      const page = await newPage();

      const email = await signIn(page, id, { transport: 'cookie' });

      await site.says(page, `Signed in as ${email} with a cookie`);
      expect(page.url()).toBe(`${site.appUrl()}/signed-in`);
      const cookies = await page.context().cookies(site.latchkey());
      expect(cookies.map(({ name, sameSite, httpOnly }) => ({ name, sameSite, httpOnly }))).toEqual([
        { name: 'latchkey', sameSite: 'Lax', httpOnly: true },
        { name: 'latchkey-device', sameSite: 'Lax', httpOnly: true },
      ]);
    });

    it('reaches the calls of the first page also where the cookie is for one site alone', async () => {
      const page = await newPage();

      const email = await signIn(page, id, { of: strictSite, transport: 'cookie' });

      await strictSite.says(page, `Signed in as ${email} with a cookie`);
      const cookies = await page.context().cookies(strictSite.latchkey());
      expect(cookies.map(({ sameSite }) => sameSite)).toEqual(['Strict', 'Strict']);
    });

    it('leads back to the app with access_denied, where the person cancels', async () => {
      const page = await newPage();

      await signIn(page, id, { consent: false });

      await site.says(page, 'Refused: access_denied');
    });

    it('knows the account again', async () => {
      const page = await newPage();
      const email = await signIn(page, id);
      await site.says(page, `Signed in as ${email}`);

      const elsewhere = await newPage();
      await signIn(elsewhere, id, { login: email });

      await site.says(elsewhere, `Signed in as ${email} with a token`);
      expect(await site.app.store.users.findByEmail(email)).not.toBeNull();
    });
  });

  describe('The form of a provider', () => {
    it('comes without any cookie, and leads to a request with them', async () => {
      const page = await newPage();
      const sent: Promise<string>[] = [];
      page.on('request', (request) => {
        if (request.url().includes('/callback')) sent.push(cookiesOf(request));
      });

      const email = await signIn(page, 'formal');

      await site.says(page, `Signed in as ${email}`);
      expect(await Promise.all(sent)).toEqual(['POST ', expect.stringMatching(/^GET latchkey-pending-/)]);
    });
  });

  describe('Two tabs that sign in at once', () => {
    it('both end at the app, in whichever order they come back', async () => {
      const context = await newContext();
      const [first, second] = [await context.newPage(), await context.newPage()];
      await site.begin(first);
      await site.begin(second, 'formal');
      const [one, other] = [aPerson().email, aPerson().email];

      await site.providers.formal.signInOn(second, { login: other });
      await site.says(second, `Signed in as ${other} with a token`);
      await site.providers.acme.signInOn(first, { login: one });

      await site.says(first, `Signed in as ${one} with a token`);
    });
  });

  describe('A response of a provider', () => {
    it('is good once: going back to it shows a page', async () => {
      const page = await newPage();
      const callback = page.waitForRequest(/\/login\/acme\/callback\?/);
      const email = await signIn(page);
      await site.says(page, `Signed in as ${email}`);

      await page.goto((await callback).url());

      await heading(page, CANNOT_GO_ON);
    });

    // A sign-in in a browser takes seconds. The same refusals are tried over HTTP beside the stand-ins.
    if (!isLongForm()) return;

    it('is refused in another browser, which did not begin it', async () => {
      const page = await newPage();
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });

      const other = await newPage();
      await other.goto(url);

      await heading(other, CANNOT_GO_ON);
    });

    it.each([
      ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43))],
      ['a state that differs in its last sign', changeLastSign],
      ['no state', (url: URL) => url.searchParams.delete('state')],
    ])('is refused with %s', async (_what, change) => {
      const page = await newPage();
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });
      const changed = new URL(url);
      change(changed);

      await page.goto(changed.href);

      await heading(page, CANNOT_GO_ON);
    });

    it('is refused at the callback of another provider (mix-up)', async () => {
      const page = await newPage();
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });

      await page.goto(url.replace('/login/acme/', '/login/formal/'));

      await heading(page, CANNOT_GO_ON);
    });

    it('is refused where it names another issuer (RFC 9207)', async () => {
      site.providers.acme.setResponseIss(site.providers.formal.issuer);
      const page = await newPage();

      await signIn(page);

      await site.says(page, 'Refused: provider_error');
    });

    it('is refused where the issuer is left out that the provider promises to name', async () => {
      site.providers.acme.setResponseIss(undefined);
      const page = await newPage();

      await signIn(page);

      await site.says(page, 'Refused: provider_error');
    });

    it('is refused once its code has expired', async () => {
      const page = await newPage();
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });
      site.providers.acme.expireCodes();

      await page.goto(url);

      await site.says(page, 'Refused: provider_error');
    });

    it('is refused ten minutes after the sign-in was begun', async () => {
      const page = await newPage();
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });
      site.app.clock.advanceSeconds(600);

      await page.goto(url);

      await heading(page, CANNOT_GO_ON);
      site.app.clock.advanceSeconds(-600);
    });
  });

  if (!isLongForm()) return;

  describe('An ID token', () => {
    it.each([
      ['another audience', { aud: 'another-client' }],
      ['another nonce', { nonce: 'another-nonce' }],
    ])('is refused with %s', async (_what, claims) => {
      site.providers.acme.tamperIdToken((given) => ({ ...given, ...claims }) as typeof given);
      const page = await newPage();

      await signIn(page);

      await site.says(page, 'Refused: provider_error');
    });

    it('is refused where a key signs it that is not the provider’s', async () => {
      site.providers.acme.signIdTokensWith('foreign key');
      const page = await newPage();

      await signIn(page);

      await site.says(page, 'Refused: provider_error');
    });

    it.each([
      ['is taken of a provider whose clock is 50 seconds fast', 50, /^Signed in/],
      ['is refused of a provider whose clock is two minutes fast', 120, 'Refused: provider_error'],
      ['is refused of a provider whose clock is two hours slow', -7_200, 'Refused: provider_error'],
    ])('%s', async (_what, seconds, outcome) => {
      site.providers.acme.setClockSkewSeconds(seconds);
      const page = await newPage();

      await signIn(page);

      await site.says(page, outcome);
    });
  });

  describe('A provider', () => {
    it('may rotate its keys between two sign-ins', async () => {
      const page = await newPage();
      await site.says(page, `Signed in as ${await signIn(page)}`);
      await site.providers.acme.rotateKeys();
      // The keys are read once a second at the most.
      site.app.clock.advanceSeconds(1);

      const email = await signIn(page);

      await site.says(page, `Signed in as ${email}`);
    });

    it('that goes down on the way leads back to the app with provider_unavailable', async () => {
      const page = await newPage();
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });
      await site.providers.acme.goDown();

      await page.goto(url);

      await site.says(page, 'Refused: provider_unavailable');
    });

    it('that was down for a minute signs in again without a restart', async () => {
      const page = await newPage();
      await site.providers.formal.goDown();
      // The discovery document is read again by then.
      site.app.clock.advanceSeconds(3_600);
      const { url } = await site.providers.acme.signIn(await beginUrl(page, site), {
        login: aPerson().email,
      });
      await page.goto(url);
      await site.says(page, /^Signed in/);
      site.app.clock.advanceSeconds(60);
      await site.providers.formal.comeBack();

      const email = await signIn(page, 'formal');

      await site.says(page, `Signed in as ${email}`);
      site.app.clock.advanceSeconds(-3_660);
    });
  });

  describe('The page for a sign-in that cannot go on', () => {
    it.each(['light', 'dark'] as const)('passes axe in the %s scheme', async (colorScheme) => {
      const context = await newContext({ colorScheme, bypassCSP: true });
      const page = await context.newPage();

      await page.goto(`${site.latchkey()}/login/acme/callback?state=unknown`);

      await heading(page, CANNOT_GO_ON);
      expect(await axeViolations(page)).toEqual([]);
    });

    it('shows no stack and runs no script, whatever the provider sends', async () => {
      const page = await newPage();
      const hostile = encodeURIComponent('<script>alert(1)</script>');

      await page.goto(`${site.latchkey()}/login/acme/callback?error=${hostile}&error_description=${hostile}`);

      await heading(page, CANNOT_GO_ON);
      const text = await page.content();
      expect(text).not.toContain('alert');
      expect(text).not.toMatch(/\bat .*\.ts:\d+/);
    });
  });
});

interface SignInOptions {
  readonly of?: SocialSite;
  readonly transport?: 'token' | 'cookie';
  readonly consent?: boolean;
  readonly login?: string;
}

/** The request to the provider of a sign-in that a browser has begun, which waits there. */
async function beginUrl(page: Page, site: SocialSite): Promise<string> {
  const asked = page.waitForRequest((request) =>
    request.url().startsWith(`${site.providers.acme.issuer}/auth?`),
  );
  await site.begin(page);
  await page.getByLabel('Login').waitFor();
  return (await asked).url();
}

async function cookiesOf(request: Request): Promise<string> {
  return `${request.method()} ${(await request.headerValue('cookie')) ?? ''}`;
}

function changeLastSign(url: URL): void {
  const state = url.searchParams.get('state') ?? '';
  url.searchParams.set('state', state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A'));
}
