import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { anAdmin } from '../support/admins.ts';
import { useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { codeOf } from '../support/factors.ts';
import { onChromium } from '../support/interop.ts';
import { axeViolations, heading, press, useContexts } from '../support/page-app.ts';
import { aPerson, type Person } from '../support/people.ts';
import { bundleSpa, SPA, useSpa } from '../support/spa.ts';
import { openAuthenticator } from '../support/virtual-authenticator.ts';

const PHONE = { width: 360, height: 740 };
/** What may differ from one size or color scheme to the next: all else is in the markup. */
const RULES_OF_LOOKS = ['color-contrast', 'target-size', 'scrollable-region-focusable'];
const PICTURE = { width: 900, height: 830 };
const IMAGE = fileURLToPath(new URL('../../docs/images/spa.png', import.meta.url));
const DESK = { width: 1280, height: 800 };
/** RECENT_SIGN_IN_SECONDS, as it comes. */
const RECENT_SECONDS = 900;

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const newDirectory = useDirectories();
  const sites = {
    cookie: useSpa(newDirectory, 'cookie'),
    token: useSpa(newDirectory, 'token', bundleSpa),
  };
  type Site = (typeof sites)['cookie'];

  /** A page of a browser of its own, and what it says in the console. */
  async function open(site: Site, path = '/', options: BrowserContextOptions = {}) {
    const page = await (await newContext({ viewport: DESK, ...options })).newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(site.url(path));
    return { page, said };
  }

  const fill = (page: Page, label: string, value: string) =>
    page.getByLabel(label, { exact: true }).and(page.locator('input, textarea')).fill(value);
  const tab = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).click();
  const says = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
  const signOut = (page: Page) => page.getByRole('button', { name: 'Sign out', exact: true }).click();

  async function signUp(page: Page, site: Site): Promise<Person> {
    const person = aPerson({ name: 'Ada Lovelace' });
    await page.goto(site.url('/sign-up'));
    await fill(page, 'Name (optional)', person.name ?? '');
    await fill(page, 'Email', person.email);
    await fill(page, 'Password', person.password);
    await press(page, 'Create account');
    await heading(page, 'Profile');
    return person;
  }

  async function signIn(page: Page, { email, password }: Person) {
    await fill(page, 'Email or username', email);
    await fill(page, 'Password', password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** The secret of an authenticator app that is set up on the page at hand. */
  async function addAuthenticatorApp(page: Page, site: Site): Promise<string> {
    await press(page, 'Set up an authenticator app');
    const secret = ((await page.locator('.key').textContent()) ?? '').replaceAll(' ', '');
    await fill(page, 'Code from the app', codeOf({ clock: site.clock }, secret));
    await press(page, 'Confirm');
    await says(page, 'The authenticator app is set up.');
    return secret;
  }

  async function addPasskey(page: Page, name: string): Promise<void> {
    await openAuthenticator(page);
    await press(page, 'Add a passkey');
    await press(page, /^Rename: /);
    await fill(page, 'Name', name);
    await press(page, 'Save name');
    await says(page, name);
  }

  async function latestCode(site: Site): Promise<string> {
    const { outbox } = site.latchkey();
    await outbox.settled();
    const [message] = await outbox.listLatest(1);
    return String((message?.data as { code?: string } | undefined)?.code);
  }

  describe.each(['cookie', 'token'] as const)('examples/spa with the transport %s', (transport) => {
    const site = sites[transport];

    it('signs up, confirms the address, stays signed in over a reload and changes the profile', async () => {
      const { page, said } = await open(site);
      const { email } = await signUp(page, site);

      await fill(page, 'Code', await latestCode(site));
      await press(page, 'Confirm');
      await says(page, `${email} is confirmed.`);
      await page.reload();
      await fill(page, 'Name', 'Countess of Lovelace');
      await page.getByLabel('Language of messages').selectOption('de');
      await press(page, 'Save');
      await says(page, 'Saved.');

      await page.reload();
      await says(page, 'Countess of Lovelace');
      expect(await page.getByLabel('Language of messages').inputValue()).toBe('de');
      await says(page, 'Confirmed');
      // No user was signed in before the sign-up.
      expect(said.filter((text) => !/status of 401/.test(text))).toEqual([]);
    });

    it('sets a second factor up, whose recovery codes it shows once, and signs in with it', async () => {
      const { page } = await open(site);
      const person = await signUp(page, site);
      await tab(page, 'Security');
      const secret = await addAuthenticatorApp(page, site);
      expect(await page.locator('.codes li').count()).toBe(10);
      await press(page, 'I have saved them');
      await signOut(page);
      await says(page, 'You have signed out.');

      await signIn(page, person);
      await heading(page, 'One more step');
      await fill(page, 'Code', '000000');
      await press(page, 'Continue');
      await says(page, 'That is not the code.');
      await fill(page, 'Code', codeOf({ clock: site.clock }, secret, 1));
      await press(page, 'Continue');

      await says(page, '10 recovery codes are left.');
      expect(await page.locator('.codes').count()).toBe(0);
    });

    it('begins a sign-in with a second factor again', async () => {
      const { page } = await open(site);
      const person = await signUp(page, site);
      await tab(page, 'Security');
      await addAuthenticatorApp(page, site);
      await signOut(page);
      await signIn(page, person);
      await heading(page, 'One more step');
      await press(page, 'Start again');
      await heading(page, 'Sign in');

      await signIn(page, person);

      await heading(page, 'One more step');
    });

    it('says nothing that a link has made up', async () => {
      const made = 'error=made_up&error_description=Call+this+number';
      const { page } = await open(site, `/?${made}`);
      await says(page, 'This sign-in was not begun in this browser.');
      // One that was begun and given up.
      await page.goto(site.url('/sign-in/link'));
      await fill(page, 'Email', aPerson().email);
      await press(page, 'Send the link');
      await heading(page, 'Look at your messages');

      await page.goto(site.url(`/?${made}`));

      await says(page, 'That did not work. Please try again.');
      expect(await page.getByText('Call this number').count()).toBe(0);
    });

    it('adds a passkey, which signs in from the list of what to fill in, and removes it', async () => {
      const { page } = await open(site);
      await signUp(page, site);
      await tab(page, 'Security');
      await addPasskey(page, 'My laptop');
      await signOut(page);

      await tab(page, 'Devices');
      await says(page, /· passkey/);
      await tab(page, 'Security');
      await press(page, 'Remove: My laptop');
      await says(page, 'The passkey is removed.');
      await page.getByText('My laptop').waitFor({ state: 'detached' });
    });

    it('asks for another password where an administrator wants that', async () => {
      const { page } = await open(site);
      const person = await signUp(page, site);
      await signOut(page);
      const app = site.latchkey();
      const { id } = (await app.store.users.findByEmail(person.email)) ?? {};
      const { token } = await anAdmin(app);
      await app.post(`/admin/users/${id}/force-password-change`).auth(token, { type: 'bearer' }).expect(200);

      await signIn(page, person);
      await heading(page, 'Choose another password');
      await fill(page, 'New password', aPerson().password);
      await press(page, 'Change it and sign in');

      await heading(page, 'Profile');
    });

    it('ends the session of another device, which shows why it is signed out', async () => {
      const { page } = await open(site);
      const person = await signUp(page, site);
      const { page: other } = await open(site, '/devices', { userAgent: 'Mozilla/5.0 (iPhone) Safari/605' });
      await signIn(other, person);
      await heading(other, 'Devices');

      await tab(page, 'Devices');
      await press(page, 'Sign out: Safari on iPhone');
      await says(page, 'The device is signed out.');
      await tab(other, 'Activity');

      await says(other, /^You were signed out: your session was ended/);
      expect(await page.getByRole('button', { name: /^Sign out: / }).count()).toBe(0);
    });

    it('writes a post, deletes it once the password was typed again, and signs out everywhere', async () => {
      const { page } = await open(site);
      const person = await signUp(page, site);
      const { page: other } = await open(site, '/activity');
      await signIn(other, person);
      await says(other, 'You opened your account');
      await tab(page, 'Posts');
      await fill(page, 'Title', 'A start');
      await fill(page, 'Text', 'It was on a dreary night of November.');
      await press(page, 'Post');
      await page.getByRole('heading', { name: 'A start' }).waitFor();
      site.catchUpWithTime();

      await press(page, 'Delete: A start');
      const dialog = page.getByRole('dialog', { name: 'Is it you?' });
      await dialog.getByLabel('Password').fill('not this one');
      await dialog.getByRole('button', { name: 'Continue' }).click();
      await says(page, 'That is not your password.');
      await dialog.getByLabel('Password').fill(person.password);
      await dialog.getByRole('button', { name: 'Continue' }).click();
      await says(page, 'You have not written any yet.');

      await tab(page, 'Devices');
      await press(page, 'Sign out everywhere');
      await says(page, 'You have signed out.');
      await tab(other, 'Devices');
      await says(other, /^You were signed out: your session was ended/);
    });
  });

  describe('Every page of examples/spa', () => {
    const site = sites.cookie;

    it('passes the rules of WCAG 2.2 AA that axe can check, and fits, on a phone and a desk, light and dark', async () => {
      const { page } = await open(site, '/', {
        viewport: PHONE,
        bypassCSP: true,
        // A color in the middle of a transition is none of the page.
        reducedMotion: 'reduce',
      });
      const problems: string[] = [];

      async function check(name: string) {
        for (const [size, viewport] of Object.entries({ phone: PHONE, desk: DESK })) {
          await page.setViewportSize(viewport);
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.emulateMedia({ colorScheme });
            const isFirst = viewport === PHONE && colorScheme === 'light';
            const found = await axeViolations(page, isFirst ? undefined : RULES_OF_LOOKS);
            problems.push(...found.map((problem) => `${name}, ${size}, ${colorScheme}: ${problem}`));
          }
          const beyond = await page.evaluate<number>(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          if (beyond > 0) problems.push(`${name}, ${size}: ${beyond} pixels beyond the window`);
        }
        await page.setViewportSize(PHONE);
        await page.emulateMedia({ colorScheme: 'light' });
      }

      await heading(page, 'Sign in');
      await fill(page, 'Email or username', aPerson().email);
      await fill(page, 'Password', 'not this one');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await says(page, 'Email or password is wrong.');
      await check('sign-in with an error');
      await press(page, 'Email me a link');
      await check('sign-in by a link');
      await tab(page, 'Back to sign-in');
      await press(page, 'Send me a code');
      await fill(page, 'Email or phone number', aPerson().email);
      await press(page, 'Send the code');
      await heading(page, 'Look at your messages');
      await check('sign-in by a code');
      await page.goto(site.url('/forgot-password'));
      await fill(page, 'Email', aPerson().email);
      await press(page, 'Send the code');
      await heading(page, 'Choose another password');
      await check('another password');
      await page.goto(site.url('/sign-up'));
      await heading(page, 'Create an account');
      await fill(page, 'Email', aPerson().email);
      await fill(page, 'Password', 'short');
      await press(page, 'Create account');
      await says(page, 'This password is too short.');
      await check('sign-up with an error');

      const person = await signUp(page, site);
      await check('profile');
      await tab(page, 'Security');
      await press(page, 'Set up an authenticator app');
      await page.getByAltText('QR code for an authenticator app').waitFor();
      await check('an authenticator app is set up');
      await press(page, 'Cancel');
      const secret = await addAuthenticatorApp(page, site);
      await check('recovery codes');
      await press(page, 'I have saved them');
      await says(page, '10 recovery codes are left.');
      await check('security');
      await tab(page, 'Devices');
      await says(page, 'This device');
      await check('devices');
      await tab(page, 'Activity');
      await says(page, 'You opened your account');
      await check('activity');
      await tab(page, 'Posts');
      await fill(page, 'Title', 'A start');
      await fill(page, 'Text', 'It was on a dreary night of November.');
      await press(page, 'Post');
      await page.getByRole('heading', { name: 'A start' }).waitFor();
      await check('posts');
      await page.route(`${site.postsUrl()}/**`, (route) => route.abort());
      await page.reload();
      await says(page, 'The posts service does not answer');
      await check('posts without their service');
      await signOut(page);
      await says(page, 'You have signed out.');
      await check('signed out');
      await signIn(page, person);
      await heading(page, 'One more step');
      await check('second factor');
      await fill(page, 'Code', codeOf({ clock: site.clock }, secret, 1));
      await press(page, 'Continue');
      await tab(page, 'Security');
      site.clock.advanceSeconds(RECENT_SECONDS + 1);
      await press(page, 'Make new ones');
      await page.getByRole('dialog', { name: 'Is it you?' }).waitFor();
      await check('step-up');
      await fill(page, 'Password', person.password);
      await press(page, 'Continue');
      await says(page, 'Open your authenticator app');
      await check('step-up by a second factor');

      expect(problems).toEqual([]);
    });

    it('is shown by its README on a small picture, taken with UPDATE_IMAGES=1', async () => {
      const { page } = await open(site, '/', { viewport: PICTURE });
      await signUp(page, site);
      await tab(page, 'Security');
      await addPasskey(page, 'My laptop');
      await press(page, 'I have saved them');
      await addAuthenticatorApp(page, site);
      await page.reload();
      await says(page, '10 recovery codes are left.');
      const path = process.env.UPDATE_IMAGES === '1' ? IMAGE : join(newDirectory(), 'spa.png');
      await page.screenshot({ path });

      expect(statSync(path).size).toBeLessThan(150_000);
      expect(statSync(IMAGE).size).toBeLessThan(150_000);
    });

    it('is built without inline scripts or styles, under a policy that allows none', () => {
      const html = readFileSync(join(site.directory(), 'index.html'), 'utf8');
      const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];

      expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
      expect(policy).toContain('script-src &#39;self&#39;;');
      expect(policy).not.toContain('unsafe');
    });
  });

  it('examples/spa shows nothing of one account to another that signs in, and does nothing for it', async () => {
    const site = sites.cookie;
    const { page } = await open(site);
    await signUp(page, site);
    await tab(page, 'Security');
    await addAuthenticatorApp(page, site);
    expect(await page.locator('.codes li').count()).toBe(10);
    const other = await page.context().newPage();
    await other.goto(site.url('/'));
    await heading(other, 'Profile');
    // The posts service would take no token of such a clock, so this comes after what it is asked for.
    site.clock.advanceSeconds(RECENT_SECONDS + 1);
    await press(page, 'Make new ones');
    await page.getByRole('dialog', { name: 'Is it you?' }).waitFor();

    const person = aPerson();
    const status = await other.evaluate(
      async ([url, body]) => {
        const headers = { 'Content-Type': 'application/json' };
        return (await fetch(url, { method: 'POST', credentials: 'include', headers, body })).status;
      },
      [
        `http://localhost:${site.latchkey().port}/signup`,
        JSON.stringify({ ...person, transport: 'cookie' }),
      ] as const,
    );
    expect(status).toBe(201);
    await other.reload();

    await says(page, person.email);
    expect(await page.locator('.codes').count()).toBe(0);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.getByRole('button', { name: 'Set up an authenticator app' }).waitFor();
  });

  describe('src/auth.ts of examples/spa', () => {
    it('holds all calls to sign in and stay signed in on fewer than 60 lines', () => {
      const lines = readFileSync(join(SPA, 'src/auth.ts'), 'utf8').trimEnd().split('\n');

      expect(lines.length).toBeLessThan(60);
    });
  });
});
