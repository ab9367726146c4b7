import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import type { SignIn, Step } from '../../client/src/index.ts';
import { createRunningClock } from '../support/app.ts';
import { useBrowser } from '../support/browser.ts';
import { claimsIn } from '../support/claims.ts';
import { aPhone, exchangeCodeOf, markVerified, messagesDuring, wrong } from '../support/codes.ts';
import { codeOf } from '../support/factors.ts';
import { onChromium } from '../support/interop.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';
import { press } from '../support/page-app.ts';
import { aPerson, aUsername, type Person } from '../support/people.ts';
import { openAuthenticator } from '../support/virtual-authenticator.ts';
import {
  ask,
  failureOn,
  isReady,
  type PageOptions,
  type Site,
  sessionOf,
  shows,
  showsSession,
  signUpOn,
  useClientPage,
} from './support/client-page.ts';

const WAYS = [
  { title: 'tokens', options: { transport: 'token', storage: 'localStorage' } },
  { title: 'a cookie', options: { transport: 'cookie' } },
] as const satisfies readonly { readonly title: string; readonly options: PageOptions }[];

const signIn = (page: Page, how: SignIn): Promise<Step> =>
  page.evaluate((how) => window.latchkey.signIn(how), how);

const complete = (page: Page) => page.evaluate(() => window.latchkey.completeSignIn());

const signedInAs = (email: string) => ({ status: 'signed-in', user: { email } });

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  let provider: OpenIdProvider;
  beforeAll(async () => {
    provider = await startOpenIdProvider();
  });
  afterAll(() => provider.stop());

  const site = useClientPage(
    browser,
    ({ pageUrl }) => ({
      WEBAUTHN_RP_ID: 'corp.localhost',
      WEBAUTHN_ORIGINS: pageUrl,
      MFA_METHODS: 'totp,passkey,email_code,phone_code',
      OIDC_PROVIDERS: JSON.stringify([
        {
          id: 'acme',
          name: 'Acme',
          issuer: provider.issuer,
          client_id: provider.clientId,
          client_secret: provider.clientSecret,
        },
      ]),
    }),
    undefined,
    createRunningClock(),
  );
  beforeAll(() => provider.allow(`${site.latchkeyUrl()}/login/acme/callback`));

  const strict = useClientPage(browser, { REQUIRE_VERIFIED_EMAIL: 'true' });

  describe.each(WAYS)('A page with $title', ({ options }) => {
    const isCookie = options.transport === 'cookie';

    async function aTab(of = site): Promise<Page> {
      return of.openTab(await of.emptyProfile(options));
    }

    /** A tab that is signed out, of a person who has an account. */
    async function aTabFor(details: Partial<Person> = {}) {
      const page = await aTab();
      const person = await signUpOn(page, aPerson(details));
      await page.evaluate(() => window.latchkey.signOut());
      return { page, person };
    }

    /** The message that some work sends to an address or a number. */
    async function sentTo(to: string, work: () => Promise<unknown>, of: Site = site) {
      const message = (await messagesDuring(of.app, work)).find((sent) => sent.to === to);
      if (message === undefined) throw new Error(`nothing was sent to ${to}`);
      return message;
    }

    /** The link of a mail that a page asks for. */
    async function linkFor(page: Page, email: string): Promise<string> {
      const returnTo = `${site.pageUrl()}/signed-in`;
      return (await sentTo(email, () => signIn(page, { send: 'link', email, returnTo }))).link;
    }

    /** Opens a link in a tab of a profile, and goes on to the app. */
    async function openLink(profile: BrowserContext, link: string): Promise<Page> {
      const page = await site.emptyTab(profile);
      await page.goto(link);
      await press(page, 'Sign in');
      await page.waitForURL(`${site.pageUrl()}/**`);
      return page;
    }

    async function leaveForProvider(page: Page): Promise<void> {
      const returnTo = `${site.pageUrl()}/signed-in`;
      await page.evaluate((returnTo) => window.latchkey.signInWith('acme', { returnTo }), returnTo);
      await page.waitForURL(`${provider.issuer}/**`);
    }

    /** Leaves for the provider, and comes back with what the person does there. */
    async function goToProvider(page: Page, login: string, consent = true): Promise<void> {
      await leaveForProvider(page);
      await provider.signInOn(page, { login, consent });
      await page.waitForURL(`${site.pageUrl()}/**`);
    }

    /** The step that a page has come to, by what it was called with or by its cookie, and what stands in its address. */
    async function landed(page: Page) {
      const step = await complete(page);
      await page.evaluate(() => window.latchkey.ready());
      return { step, url: page.url(), session: await sessionOf(page) };
    }

    it.each(['email', 'username', 'identifier'] as const)(
      'signs in with a password and the %s',
      async (name) => {
        const { page, person } = await aTabFor({ username: aUsername() });
        const { email, username, password } = person;
        const ways = {
          email: { email },
          username: { username: username ?? '' },
          identifier: { identifier: email },
        };

        const step = await signIn(page, { ...ways[name], password });

        expect(step).toMatchObject(signedInAs(email));
        expect(await sessionOf(page)).toMatchObject(signedInAs(email));
        await page.reload();
        await isReady(page);
        expect(await sessionOf(page)).toMatchObject(signedInAs(email));
      },
    );

    it('says what is wrong with the fields of a form by their names, and with a password', async () => {
      const page = await aTab();
      const wrongFields = await page.evaluate(() =>
        window.latchkey
          .signUp({ email: 'no address', password: 'short' })
          .catch(({ code, status, fields }) => ({
            code,
            status,
            fields,
          })),
      );
      expect(wrongFields).toMatchObject({
        code: 'validation_failed',
        status: 400,
        fields: { email: { code: 'invalid_email' }, password: { code: 'password_too_short' } },
      });

      expect(await failureOn(page, 'signIn', aPerson())).toBe('invalid_credentials');
      expect(await sessionOf(page)).toMatchObject({ status: 'signed-out' });
    });

    it.each(['mail', 'SMS'] as const)('signs in by a code in a %s, after a wrong one', async (kind) => {
      const page = await aTab();
      const to = kind === 'SMS' ? { phone: aPhone() } : { email: aPerson().email };
      let step: Step | undefined;
      const { code } = await sentTo(Object.values(to)[0] ?? '', async () => {
        step = await signIn(page, { send: 'code', ...(to as { email: string }) });
      });
      expect(step).toEqual({ status: 'sent', expiresInSeconds: 600 });

      expect(await failureOn(page, 'signIn', { code: wrong(code) })).toBe('invalid_code');
      expect(await signIn(page, { code })).toMatchObject({ status: 'signed-in', user: to });
    });

    it('signs in by a link that opens in another tab, in all tabs', async () => {
      const { page, person } = await aTabFor();
      const link = await linkFor(page, person.email);

      const other = await openLink(page.context(), link);

      const { step, url, session } = await landed(other);
      expect(step).toEqual(isCookie ? undefined : expect.objectContaining({ status: 'signed-in' }));
      expect(url).toBe(`${site.pageUrl()}/signed-in`);
      expect(session).toMatchObject(signedInAs(person.email));
      await shows(page, 'signed-in');
      expect(await sessionOf(page)).toMatchObject(signedInAs(person.email));
    });

    it('signs in by the code of a link that is opened in another browser', async () => {
      const { page, person } = await aTabFor();
      const link = await linkFor(page, person.email);
      const other = await site.emptyTab(await site.emptyProfile(options));
      await other.goto(link);
      await press(other, 'Show the code');
      const code = /\d{6}/.exec((await other.locator('main').innerText()).replaceAll(/\s/g, ''))?.[0] ?? '';

      expect(await signIn(page, { code })).toMatchObject(signedInAs(person.email));
    });

    it('signs in at a provider, and comes back as a new account', async () => {
      const { email } = aPerson();
      const page = await aTab();

      await goToProvider(page, email);

      const { step, url, session } = await landed(page);
      expect(step).toEqual(isCookie ? undefined : expect.objectContaining({ status: 'signed-in' }));
      expect(url).toBe(`${site.pageUrl()}/signed-in`);
      expect(session).toMatchObject(signedInAs(email));
    });

    it('is told that the person pressed Cancel at the provider', async () => {
      const page = await aTab();

      await goToProvider(page, aPerson().email, false);

      expect(await failureOn(page, 'completeSignIn')).toBe('access_denied');
      expect(page.url()).toBe(`${site.pageUrl()}/signed-in`);
      expect(await complete(page)).toBeUndefined();
      await isReady(page);
      expect(await sessionOf(page)).toMatchObject({ status: 'signed-out' });
    });

    it('takes the code of its own sign-in in each of two tabs, which have begun one at once', async () => {
      const [first, second] = [aPerson(), aPerson()];
      const page = await aTab();
      const other = await site.openTab(page.context());
      await leaveForProvider(page);
      const link = await linkFor(other, second.email);

      await provider.signInOn(page, { login: first.email });
      await page.waitForURL(`${site.pageUrl()}/**`);
      expect((await landed(page)).session).toMatchObject(signedInAs(first.email));

      const opened = await openLink(page.context(), link);
      expect((await landed(opened)).session).toMatchObject(signedInAs(second.email));
    });

    it('refuses a code that an attacker has planted', async () => {
      const { email } = aPerson();
      const planted = () => exchangeCodeOf(site.app, email);
      const page = await aTab();
      await page.goto(`${site.pageUrl()}/signed-in?code=${await planted()}`);
      expect(await failureOn(page, 'completeSignIn')).toBe('invalid_state');

      // Nor in place of the one that it waits for itself.
      await linkFor(page, aPerson().email);
      await page.goto(`${site.pageUrl()}/signed-in?code=${await planted()}`);
      expect(await failureOn(page, 'completeSignIn')).toBe('invalid_link');
      await isReady(page);
      expect(await sessionOf(page)).toMatchObject({ status: 'signed-out' });
    });

    describe('and a passkey', () => {
      async function passkeyOwner() {
        const page = await site.openTab(await site.newProfile(options));
        const authenticator = await openAuthenticator(page);
        const { email, password } = await signUpOn(page);
        const { passkey } = await page.evaluate(() => window.latchkey.passkeys.add('My phone'));
        return { page, authenticator, email, password, id: passkey.id };
      }

      const signOut = (page: Page) => page.evaluate(() => window.latchkey.signOut());

      it('signs in by a button, by an address and by autofill', async () => {
        const { page, email } = await passkeyOwner();
        for (const how of [{ passkey: true }, { passkey: true, email }, { passkey: 'autofill' }] as const) {
          await signOut(page);
          expect(await signIn(page, how)).toMatchObject(signedInAs(email));
        }
      });

      it('waits with autofill until the button takes its place', async () => {
        const { page, authenticator, email } = await passkeyOwner();
        await signOut(page);
        await authenticator.waitForPresence();
        const autofill = signIn(page, { passkey: 'autofill' });
        await page.waitForResponse((response) => response.url().endsWith('/login/passkey/options'));
        const button = signIn(page, { passkey: true });
        expect(await autofill).toEqual({ status: 'cancelled' });
        await authenticator.bePresent();

        expect(await signIn(page, { passkey: true })).toMatchObject(signedInAs(email));
        expect(await button).toEqual({ status: 'cancelled' });
      });

      it('goes on without one where the person has none to choose', async () => {
        const { page, authenticator } = await passkeyOwner();
        await signOut(page);
        await authenticator.clear();

        expect(await signIn(page, { passkey: true })).toEqual({ status: 'cancelled' });
        expect(await sessionOf(page)).toMatchObject({ status: 'signed-out' });
      });

      it('has the authenticator forget one that the service does not know any more', async () => {
        const { page, authenticator, id } = await passkeyOwner();
        const { user } = await sessionOf(page);
        await site.app.store.passkeys.remove(id, user?.id ?? '');
        await signOut(page);
        expect(await authenticator.kept()).toHaveLength(1);

        expect(await failureOn(page, 'signIn', { passkey: true })).toBe('passkey_unknown');

        expect(await authenticator.kept()).toEqual([]);
      });

      it('renames and removes one, and the authenticator forgets it', async () => {
        const { page, authenticator, id } = await passkeyOwner();

        await page.evaluate((id) => window.latchkey.passkeys.rename(id, 'My old phone'), id);
        const list = await page.evaluate(() => window.latchkey.passkeys.list());
        await page.evaluate((id) => window.latchkey.passkeys.remove(id), id);

        expect(list).toMatchObject([{ id, name: 'My old phone' }]);
        expect(await authenticator.kept()).toEqual([]);
      });

      it('asks for it as the second factor, and proves with it once more who is signed in', async () => {
        const { page, email, password } = await passkeyOwner();
        await signOut(page);
        const step = await signIn(page, { email, password });
        expect(step).toMatchObject({ status: 'challenge', methods: ['passkey', 'recovery_code'] });

        expect(await signIn(page, { factor: 'passkey' })).toMatchObject(signedInAs(email));

        site.app.clock.advanceSeconds(901);
        expect(await failureOn(page, 'call', 'POST /me/recovery-codes')).toBe(
          'insufficient_user_authentication',
        );
        expect(await page.evaluate(() => window.latchkey.reauthenticate({ passkey: true }))).toBe(true);
        expect(await page.evaluate(() => window.latchkey.factors.renewRecoveryCodes())).toHaveLength(10);
      });
    });

    describe('and an authenticator app', () => {
      /** A tab that is signed out, of a person with a second factor. */
      async function aTabWithFactor() {
        const page = await aTab();
        const person = await signUpOn(page);
        await markVerified(site.app, person.email);
        const { factor_id, secret } = await page.evaluate(() => window.latchkey.factors.addTotp('My phone'));
        const confirmed = await page.evaluate(([id, code]) => window.latchkey.factors.confirmTotp(id, code), [
          factor_id,
          codeOf(site.app, secret),
        ] as const);
        const recoveryCodes = confirmed.recovery_codes ?? [];
        return { page, person, secret, factorId: factor_id, recoveryCodes };
      }

      async function signedOutTab() {
        const set = await aTabWithFactor();
        await set.page.evaluate(() => window.latchkey.signOut());
        return set;
      }

      function nextCode(secret: string): string {
        site.app.clock.advanceSeconds(30);
        return codeOf(site.app, secret);
      }

      it('has a session with two factors once its first code is confirmed', async () => {
        const { page, factorId } = await aTabWithFactor();

        const factors = await page.evaluate(() => window.latchkey.factors.list());

        expect(factors).toMatchObject({ totp: [{ id: factorId, name: 'My phone' }], recovery_codes: 10 });
        // This takes both, as the token or the cookie of the page says.
        expect(await page.evaluate(() => window.latchkey.factors.renewRecoveryCodes())).toHaveLength(10);
        await page.evaluate((id) => window.latchkey.factors.removeTotp(id), factorId);
        expect(await page.evaluate(() => window.latchkey.factors.list())).toMatchObject({ totp: [] });
      });

      it('is asked for its code after the password, by this tab alone', async () => {
        const { page, person, secret } = await signedOutTab();
        const other = await site.openTab(page.context());

        const step = await signIn(page, person);

        const methods = ['totp', 'email_code', 'recovery_code'];
        expect(step).toEqual({ status: 'challenge', methods, expiresInSeconds: 300 });
        expect(await sessionOf(page)).toEqual({ status: 'challenge', user: null, methods });
        expect(await sessionOf(other)).toMatchObject({ status: 'signed-out' });
        expect(await failureOn(page, 'signIn', { factor: 'totp', code: '000000' })).toBe('invalid_factor');
        expect(await sessionOf(page)).toMatchObject({ status: 'challenge' });
        expect(await signIn(page, { factor: 'totp', code: nextCode(secret) })).toMatchObject(
          signedInAs(person.email),
        );
        await shows(other, 'signed-in');
      });

      it('signs in with a recovery code in its place, and with a code by mail', async () => {
        const { page, person, recoveryCodes } = await signedOutTab();
        await signIn(page, person);
        const [code = ''] = recoveryCodes;
        expect(await signIn(page, { factor: 'recovery_code', code })).toMatchObject(signedInAs(person.email));

        await page.evaluate(() => window.latchkey.signOut());
        await signIn(page, person);
        const mail = await sentTo(person.email, () =>
          page.evaluate(() => window.latchkey.sendFactorCode('email_code')),
        );
        const step = await signIn(page, { factor: 'email_code', code: mail.code });
        expect(step).toMatchObject(signedInAs(person.email));
      });

      it('is not asked again on a device that is remembered', async () => {
        const { page, person, secret } = await signedOutTab();
        await signIn(page, person);
        await signIn(page, { factor: 'totp', code: nextCode(secret), rememberDevice: true });
        await page.evaluate(() => window.latchkey.signOut());

        expect(await signIn(page, person)).toMatchObject(signedInAs(person.email));
      });

      it('is asked for it after a link, although another tab is signed out', async () => {
        const { page, person, secret } = await signedOutTab();
        const other = await openLink(page.context(), await linkFor(page, person.email));

        const { step, url, session } = await landed(other);

        const methods = ['totp', 'recovery_code'];
        expect(step).toEqual({ status: 'challenge', methods, expiresInSeconds: 300 });
        expect(url).toBe(`${site.pageUrl()}/signed-in`);
        expect(session).toEqual({ status: 'challenge', user: null, methods });
        expect(await signIn(other, { factor: 'totp', code: nextCode(secret) })).toMatchObject(
          signedInAs(person.email),
        );
        await shows(page, 'signed-in');
      });

      it('is asked for it after a provider, and the page goes on showing that', async () => {
        const { page, person, secret } = await signedOutTab();
        const other = await site.openTab(page.context());

        await goToProvider(page, person.email);
        const { step } = await landed(page);

        expect(step).toMatchObject({ status: 'challenge', expiresInSeconds: 300 });
        // What the tabs tell one another, and the end of loading, leave it as it is.
        await page.evaluate(() => window.latchkey.ready());
        await ask(other, `${site.latchkeyUrl()}/me`);
        expect(await sessionOf(page)).toMatchObject({ status: 'challenge' });
        const code = nextCode(secret);
        expect(await signIn(page, { factor: 'totp', code })).toMatchObject(signedInAs(person.email));
      });

      it('goes on with the session of the other tabs while one signs in as another user', async () => {
        const { page, person } = await signedOutTab();
        await signUpOn(page);
        const other = await site.openTab(page.context());

        expect(await signIn(page, person)).toMatchObject({ status: 'challenge' });
        await other.evaluate(() => window.latchkey.updateUser({ name: 'Grace' }));

        expect(await sessionOf(other)).toMatchObject({ status: 'signed-in', user: { name: 'Grace' } });
        expect(await sessionOf(page)).toMatchObject({ status: 'challenge' });
        await page.evaluate(() => window.latchkey.signOut());
        for (const tab of [page, other]) await shows(tab, 'signed-out');
      });

      it('proves once more who is signed in by the password and a code', async () => {
        const { page, person, secret } = await aTabWithFactor();
        site.app.clock.advanceSeconds(901);
        const renew = () => page.evaluate(() => window.latchkey.factors.renewRecoveryCodes());
        expect(await failureOn(page, 'call', 'POST /me/recovery-codes')).toBe(
          'insufficient_user_authentication',
        );
        const { password } = person;
        expect(await failureOn(page, 'reauthenticate', { password: 'another one' })).toBe('wrong_password');

        await page.evaluate((password) => window.latchkey.reauthenticate({ password }), password);
        await page.evaluate((code) => window.latchkey.reauthenticate({ code }), nextCode(secret));

        expect(await renew()).toHaveLength(10);
        if (!isCookie) expect(claimsIn(await tokenOf(page)).acr).toBe('2');
      });
    });

    it('confirms the address of a sign-up first where the service wants that', async () => {
      const page = await aTab(strict);
      const person = aPerson();
      let step: Step | undefined;
      const { code } = await sentTo(
        person.email,
        async () => {
          step = await page.evaluate((account) => window.latchkey.signUp(account), person);
        },
        strict,
      );
      expect(step).toEqual({ status: 'verify-email', expiresInSeconds: 86_400 });
      expect(await sessionOf(page)).toMatchObject({ status: 'signed-out' });

      expect(await failureOn(page, 'verifyEmail', wrong(code))).toBe('invalid_code');
      await page.evaluate((code) => window.latchkey.verifyEmail(code), code);

      expect(await signIn(page, person)).toMatchObject({
        user: { email: person.email, email_verified: true },
      });
    });

    it('shows the changes of a profile in all tabs, and lists and ends other sessions', async () => {
      const { page, person } = await aTabFor();
      await signIn(page, person);
      const second = await site.openTab(page.context());

      const user = await page.evaluate(() => window.latchkey.updateUser({ name: 'Ada' }));
      expect(user).toMatchObject({ name: 'Ada', email: person.email });
      await showsSession(second, { user: { name: 'Ada' } });
      expect(await failureOn(page, 'updateUser', { username: 'a b' })).toBe('validation_failed');
      expect(await page.evaluate(() => window.latchkey.user())).toMatchObject({
        name: 'Ada',
        roles: ['user'],
      });

      const elsewhere = await aTab();
      await signIn(elsewhere, person);
      const sessions = await page.evaluate(() => window.latchkey.sessions.list());
      expect(sessions).toHaveLength(2);
      const id = sessions.find(({ current }) => !current)?.id ?? '';
      await page.evaluate((id) => window.latchkey.sessions.end(id), id);
      expect(await ask(elsewhere, `${site.latchkeyUrl()}/me`)).toEqual([401]);
      expect(await sessionOf(elsewhere)).toMatchObject({ status: 'signed-out' });
      expect(await sessionOf(page)).toMatchObject(signedInAs(person.email));
    });
  });

  describe('A page whose cookie was replaced by a sign-in that no client saw', () => {
    /** Signs in as a page without this client does. */
    const signInUnseen = (page: Page, { email, password }: Person) =>
      page.evaluate(
        async ([url, body]) => {
          const headers = { 'Content-Type': 'application/json' };
          await fetch(url, { method: 'POST', credentials: 'include', headers, body });
        },
        [`${site.latchkeyUrl()}/login`, JSON.stringify({ email, password, transport: 'cookie' })] as const,
      );

    async function aReplacedCookie(isSame: boolean, origins: readonly string[] = []) {
      const other = await signUpOn(await site.openTab(await site.emptyProfile({ transport: 'cookie' })));
      const page = await site.openTab(await site.emptyProfile({ transport: 'cookie', origins }));
      const person = await signUpOn(page);
      await signInUnseen(page, isSame ? person : other);
      return { page, email: (isSame ? person : other).email };
    }

    it.each([
      ['the same user', true],
      ['another user', false],
    ])('as %s changes nothing, shows whose account it is, and can go on', async (_title, isSame) => {
      const { page, email } = await aReplacedCookie(isSame);

      expect(await failureOn(page, 'updateUser', { name: 'Ada' })).toBe('csrf_token_invalid');

      expect(await sessionOf(page)).toMatchObject({ status: 'signed-in', user: { email, name: null } });
      const user = await page.evaluate(() => window.latchkey.updateUser({ name: 'Grace' }));
      expect(user).toMatchObject({ email, name: 'Grace' });
    });

    it.each([
      ['the same user', true],
      ['another user', false],
    ])('as %s calls another service for no account but the one that it shows', async (_title, isSame) => {
      const api = site.latchkeyUrl().replace('auth.', 'api.');
      const { page, email } = await aReplacedCookie(isSame, [api]);

      const asked = await ask(page, `${api}/me`);

      expect(asked).toEqual([isSame ? 200 : 'csrf_token_invalid']);
      expect(await sessionOf(page)).toMatchObject(signedInAs(email));
      expect(await ask(page, `${api}/me`)).toEqual([200]);
    });
  });
});

const tokenOf = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const [kept = '{}'] = Object.values(localStorage).filter((value) => value.includes('refreshToken'));
    return JSON.parse(kept).access.token;
  });
