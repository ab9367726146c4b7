import { describe, expect, it } from '@jest/globals';
import { useBrowser } from '../support/browser.ts';
import { markVerified } from '../support/codes.ts';
import { onChromium } from '../support/interop.ts';
import { heading, press, useContexts, usePageApp } from '../support/page-app.ts';
import { pagesOfErrors } from '../support/page-errors.ts';
import { pageStates } from '../support/page-states.ts';
import { aPerson, signUp } from '../support/people.ts';

const NEW_PASSWORD = 'a better horse, a bigger staple';

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const site = usePageApp({ NEW_DEVICE_MAIL: 'true' });

  describe.each([
    ['with', true],
    ['without', false],
  ])('In a browser %s JavaScript', (_how, javaScriptEnabled) => {
    const newPage = async () => (await newContext({ javaScriptEnabled })).newPage();
    const signInStatus = async (email: string, password: string) =>
      (await site.app.post('/login').send({ email, password })).status;

    it('a new password is refused while it is weak, and then taken', async () => {
      const { email, password } = await signUp(site.app);
      site.app.clock.advanceSeconds(1);
      await site.app.post('/password/forgot').send({ email }).expect(202);
      const { link } = await site.latestTo(email);
      const page = await newPage();
      await page.goto(link);
      const field = page.getByLabel('New password');
      await page.getByText(email).waitFor();
      expect(await field.getAttribute('aria-invalid')).toBeNull();
      expect(await field.getAttribute('minlength')).toBe('8');

      await field.fill('password1');
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await press(page, 'Change my password');

      expect((await answered).status()).toBe(400);
      await page.getByText('easy to guess').waitFor();
      expect(await page.title()).toBe('Error: Choose a new password · Latchkey');
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await field.getAttribute('aria-describedby')).toBe('new_password-problem new_password-hint');
      expect(await page.locator('main').ariaSnapshot()).toContain('easy to guess');
      expect(await page.evaluate('document.activeElement.id')).toBe('new_password');
      expect(await signInStatus(email, password)).toBe(200);

      await field.fill(NEW_PASSWORD);
      await press(page, 'Change my password');

      await heading(page, 'Your password has been changed');
      expect(await signInStatus(email, password)).toBe(401);
      expect(await signInStatus(email, NEW_PASSWORD)).toBe(200);
      await page.goto(link);
      await heading(page, 'This link no longer works');
    });

    it.each([
      ['too short', 'short12', 'too short'],
      ['the address', '', 'your name or email address'],
    ])('a new password that is %s is refused in words for a person', async (_what, typed, words) => {
      const { email } = await signUp(site.app);
      site.app.clock.advanceSeconds(1);
      await site.app.post('/password/forgot').send({ email }).expect(202);
      const page = await newPage();
      await page.goto((await site.latestTo(email)).link);
      const field = page.getByLabel('New password');
      // What a browser without this check would send.
      await page.evaluate("document.getElementById('new_password').removeAttribute('minlength')");

      await field.fill(typed || email);
      await press(page, 'Change my password');

      await page.getByText(words).waitFor();
    });

    it('an address is confirmed by its button alone', async () => {
      const { email, token } = await signUp(site.app);
      const { link } = await site.latestTo(email);
      const verified = async () =>
        (await site.app.get('/me').auth(token, { type: 'bearer' }).expect(200)).body.user.email_verified;
      const page = await newPage();

      await page.goto(link);
      await page.getByText(`Did you sign up with ${email}?`).waitFor();
      expect(await verified()).toBe(false);
      await press(page, 'Confirm my address');

      await heading(page, 'Your address is confirmed');
      expect(await verified()).toBe(true);
      await page.goto(link);
      await heading(page, 'This link has been used');
    });

    it('a change of the address is made by its button, and taken back by that of the mail to the former one', async () => {
      const { email: former, password, token } = await signUp(site.app);
      await markVerified(site.app, former);
      const { email } = aPerson();
      site.app.clock.advanceSeconds(1);
      await site.app.post('/me/email').auth(token, { type: 'bearer' }).send({ email }).expect(202);
      const page = await newPage();
      await page.goto((await site.latestTo(email)).link);
      site.app.clock.advanceSeconds(1);
      await press(page, 'Use this address');
      await heading(page, 'Your address has been changed');
      expect(await signInStatus(email, password)).toBe(200);

      await page.goto((await site.latestTo(former)).link);
      await page.getByText(`Your account will use ${former} again.`).waitFor();
      expect(await signInStatus(former, password)).toBe(401);
      await press(page, 'Change it back');

      await heading(page, 'Your address is back');
      await site.app.follower.catchUp();
      await site.app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      expect(await signInStatus(email, password)).toBe(401);
    });

    it('an account is locked by the button of the mail about a new device', async () => {
      const { email, password, token } = await signUp(site.app);
      site.app.clock.advanceSeconds(1);
      expect(await signInStatus(email, password)).toBe(200);
      const { link } = await site.latestTo(email);
      const page = await newPage();
      await page.goto(link);
      await heading(page, 'Was that not you?');
      await site.app.get('/me').auth(token, { type: 'bearer' }).expect(200);

      await press(page, 'Lock my account');

      await heading(page, 'Your account is locked');
      await site.app.follower.catchUp();
      await site.app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      expect(await signInStatus(email, password)).toBe(401);
      await page.goto(link);
      await heading(page, 'This link has been used');
    });

    it('the messages of development lead on to their links', async () => {
      const page = await newPage();
      await pageStates(site)['the messages']?.(page);
      await page.route('https://auth.example.com/**', (route) => route.fulfill({ body: 'the link' }));

      await page.getByRole('link', { name: 'Open the link' }).first().click();

      await page.getByText('the link').waitFor();
      expect(page.url()).toMatch(/^https:\/\/auth\.example\.com\/[a-z/]+\/[\w-]{43}$/);
    });
  });

  describe('Every answer of such a page', () => {
    it('is kept by no cache, framed by no page, and loads nothing of others', async () => {
      const { link } = await site.linkFor(await newContext());
      const { pathname } = new URL(link);

      for (const path of [pathname, '/login/link/nothing', '/password/reset/nothing', '/lockdown/nothing']) {
        const { headers } = await site.app.get(path);
        expect(headers).toMatchObject({
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'x-frame-options': 'DENY',
          'content-type': 'text/html; charset=utf-8',
        });
        expect(headers['content-security-policy']).toMatch(
          /^default-src 'none';style-src 'nonce-[\w+/=]+';img-src 'self' data:;font-src 'self';form-action [^;*]+;base-uri 'none';frame-ancestors 'none'$/,
        );
      }
    });

    it('has words for people, and none of those for developers, whatever goes wrong', async () => {
      const pages = await pagesOfErrors();
      for (const [name, text] of pages) {
        const developers = /challenge_id|JSON|token|Retry-After|member|POST \/|GET \/|\b[a-z]+_[a-z]+\b/.exec(
          text,
        );
        expect({ name, developers: developers?.[0] }).toEqual({ name, developers: undefined });
      }
      expect(pages.length).toBeGreaterThan(200);
    });
  });
});
