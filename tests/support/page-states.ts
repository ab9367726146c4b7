import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { markVerified } from './codes.ts';
import { signUpWithTotp } from './factors.ts';
import type { PageApp } from './page-app.ts';
import { press } from './page-app.ts';
import { insertPasskey } from './passkeys.ts';
import { aPerson, signUp } from './people.ts';

/** What brings a browser to a page that people see, each with links of its own. */
export type PageState = (page: Page) => Promise<void>;

interface Names {
  readonly newEmail: () => string;
  /** The page that links lead back to. */
  readonly returnTo: string;
}

/** Every page that people see, by what it is about. */
export function pageStates(site: PageApp, names: Partial<Names> = {}): Readonly<Record<string, PageState>> {
  const { app, linkFor, latestTo, latchkey } = site;
  const { newEmail = () => aPerson().email, returnTo = `${site.appUrl()}/signed-in` } = names;

  /** Presses a button, and waits for what it leads to. */
  async function pressThrough(page: Page, name: string): Promise<void> {
    const shown = page.waitForEvent('domcontentloaded');
    await press(page, name);
    await shown;
  }

  /** Later than all before: messages of one moment are in no order. */
  async function newUser() {
    const user = await signUp(app, { email: newEmail() });
    app.clock.advanceSeconds(1);
    return user;
  }

  const linkOf = async (page: Page, details = {}) =>
    (await linkFor(page.context(), { email: newEmail(), return_to: returnTo, ...details })).link;

  /** A link that another browser has asked for. */
  async function linkOfAnother(page: Page, details = {}): Promise<string> {
    const link = await linkOf(page, details);
    await page.context().clearCookies();
    return link;
  }

  async function signUpLink(): Promise<string> {
    const { email } = await newUser();
    return (await latestTo(email)).link;
  }

  /** Links of an account: of a change of its address, and of the mail that tells the one before. */
  async function changeLinks() {
    const { token, email: former } = await newUser();
    await markVerified(app, former);
    const email = newEmail();
    await app.post('/me/email').auth(token, { type: 'bearer' }).send({ email }).expect(202);
    const { link: change } = await latestTo(email);
    return {
      change,
      async undo() {
        const [, changeToken = ''] = /\/([\w-]+)$/.exec(change) ?? [];
        app.clock.advanceSeconds(1);
        await app.post('/email/verify').send({ token: changeToken }).expect(204);
        return (await latestTo(former)).link;
      },
    };
  }

  async function lockdownLink(): Promise<string> {
    const { email, password } = await newUser();
    await app.post('/login').send({ email, password }).expect(200);
    return (await latestTo(email)).link;
  }

  async function resetLink(): Promise<string> {
    const { email } = await newUser();
    await app.post('/password/forgot').send({ email }).expect(202);
    return (await latestTo(email)).link;
  }

  async function changePassword(page: Page, password: string): Promise<void> {
    await page.getByLabel('New password').fill(password);
    await pressThrough(page, 'Change my password');
  }

  async function open(page: Page, path: string): Promise<void> {
    await page.goto(latchkey() + path);
  }

  /** Fills the sign-in page in. */
  async function fillSignIn(page: Page, fields: { readonly email: string; readonly password?: string }) {
    await open(page, '/sign-in');
    await page.getByLabel(/^Email/).fill(fields.email);
    await page.getByLabel('Password', { exact: true }).fill(fields.password ?? '');
  }

  /** Presses a button, and waits for the page with this heading. */
  async function pressTo(page: Page, name: string, title: string): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  }

  /** A sign-in whose first factor was right. */
  async function toSecondFactor(page: Page): Promise<void> {
    const person = await signUpWithTotp(app, { email: newEmail() });
    await fillSignIn(page, person);
    await pressTo(page, 'Sign in', 'Enter the code from your app');
  }

  async function signedIn(page: Page): Promise<void> {
    await fillSignIn(page, await newUser());
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${latchkey()}/account`);
  }

  return {
    'the start': (page) => open(page, '/'),
    'signing in': (page) => open(page, '/sign-in'),
    'a sign-in that is refused': async (page) => {
      await fillSignIn(page, { email: newEmail(), password: 'wrong' });
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('alert').filter({ hasText: 'is not correct' }).waitFor();
    },
    'waiting for a code': async (page) => {
      await fillSignIn(page, { email: newEmail() });
      await pressTo(page, 'Send me a code', 'Enter your code');
    },
    'a code that is refused': async (page) => {
      await fillSignIn(page, { email: newEmail() });
      await pressTo(page, 'Send me a code', 'Enter your code');
      await page.getByLabel('Code').fill('000000');
      await press(page, 'Sign in');
      await page.locator('[aria-invalid=true]').waitFor();
    },
    'waiting for a link': async (page) => {
      await fillSignIn(page, { email: newEmail() });
      await pressTo(page, 'Email me a sign-in link', 'Check your email');
    },
    'the second factor': toSecondFactor,
    'a second factor that is refused': async (page) => {
      await toSecondFactor(page);
      await page.getByLabel('Code', { exact: true }).fill('000000');
      await press(page, 'Continue');
      await page.locator('[aria-invalid=true]').waitFor();
    },
    'a passkey as second factor': async (page) => {
      const person = await signUpWithTotp(app, { email: newEmail() });
      await insertPasskey(app, person.id);
      await fillSignIn(page, person);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(`${latchkey()}/sign-in/factor`);
      await open(page, '/sign-in/factor?method=passkey');
    },
    'no answer of the service': async (page) => {
      await fillSignIn(page, aPerson());
      await page.getByLabel(/^Email/).fill(newEmail());
      await page.route('**/sign-in', (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }));
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('alert').filter({ hasText: 'No answer' }).waitFor();
    },
    'a recovery code': async (page) => {
      await toSecondFactor(page);
      await page.getByRole('link', { name: 'Use a recovery code' }).click();
      await page.getByRole('heading', { level: 1, name: 'Use a recovery code' }).waitFor();
    },
    'signing up': (page) => open(page, '/sign-up'),
    'a sign-up that is refused': async (page) => {
      await open(page, '/sign-up');
      await page.getByLabel('Email').fill(newEmail());
      await page.getByLabel('Password', { exact: true }).fill('password1');
      await page.getByRole('button', { name: 'Create an account' }).click();
      await page.getByText('easy to guess').waitFor();
    },
    'a forgotten password': (page) => open(page, '/forgot'),
    'a code for a new password': async (page) => {
      await open(page, '/forgot');
      await page.getByLabel('Email').fill(newEmail());
      await pressTo(page, 'Send the code', 'Choose a new password');
    },
    'a code for a new password that is refused': async (page) => {
      await open(page, '/forgot');
      await page.getByLabel('Email').fill(newEmail());
      await pressTo(page, 'Send the code', 'Choose a new password');
      await page.getByLabel('Code').fill('000000');
      await page.getByLabel('New password').fill(aPerson().password);
      await press(page, 'Change my password');
      await page.locator('[aria-invalid=true]').waitFor();
    },
    'an address to confirm': (page) => open(page, '/verify-email'),
    'a code that proves an address': async (page) => {
      await open(page, '/verify-email');
      await page.getByLabel('Email').fill(newEmail());
      await page.locator('button[value=send]').click();
      await page.getByLabel('Code').waitFor();
    },
    'signing out': async (page) => {
      await signedIn(page);
      await open(page, '/sign-out');
    },
    'a sign-in that goes on to an app': async (page) => {
      await signedIn(page);
      await open(page, `/sign-in?${new URLSearchParams({ return_to: returnTo, transport: 'token' })}`);
    },
    'the way back from another site': (page) => open(page, '/sign-in/return'),
    'a page that is not there': (page) => open(page, '/nowhere'),
    'signing in on the same device': async (page) => void (await page.goto(await linkOf(page))),
    'signing in on another device': async (page) => void (await page.goto(await linkOfAnother(page))),
    'a link that leads back to no page': async (page) =>
      void (await page.goto(await linkOf(page, { return_to: undefined }))),
    'the code': async (page) => {
      await page.goto(await linkOfAnother(page));
      await pressThrough(page, 'Show the code');
    },
    'confirming an address': async (page) => void (await page.goto(await signUpLink())),
    'an address that is confirmed': async (page) => {
      await page.goto(await signUpLink());
      await pressThrough(page, 'Confirm my address');
    },
    'changing to an address': async (page) => void (await page.goto((await changeLinks()).change)),
    'an address that is changed': async (page) => {
      await page.goto((await changeLinks()).change);
      await pressThrough(page, 'Use this address');
    },
    'changing an address back': async (page) => void (await page.goto(await (await changeLinks()).undo())),
    'an address that is back': async (page) => {
      await page.goto(await (await changeLinks()).undo());
      await pressThrough(page, 'Change it back');
    },
    'locking an account': async (page) => void (await page.goto(await lockdownLink())),
    'an account that is locked': async (page) => {
      await page.goto(await lockdownLink());
      await pressThrough(page, 'Lock my account');
    },
    'choosing a password': async (page) => void (await page.goto(await resetLink())),
    'a password that is refused': async (page) => {
      await page.goto(await resetLink());
      await changePassword(page, 'password1');
    },
    'a password that is changed': async (page) => {
      await page.goto(await resetLink());
      await changePassword(page, 'a better horse, a bigger staple');
    },
    'a link that is unknown': async (page) => void (await page.goto(`${latchkey()}/login/link/nothing`)),
    'a link that was used': async (page) => {
      const link = await linkOfAnother(page);
      await page.goto(link);
      await pressThrough(page, 'Show the code');
      await page.goto(link);
    },
    'a link to a password that was used': async (page) =>
      void (await page.goto(`${latchkey()}/password/reset/nothing`)),
    'a provider that is not offered': async (page) =>
      void (await page.goto(`${latchkey()}/login/nothing?${new URLSearchParams({ return_to: returnTo })}`)),
    'a wrong link to a provider': async (page) =>
      void (await page.goto(`${latchkey()}/login/github?return_to=https://evil.example/`)),
    'a sign-in at a provider that cannot go on': async (page) =>
      void (await page.goto(`${latchkey()}/login/github/callback?state=nothing`)),
    'the messages': async (page) => {
      await linkOf(page);
      app.clock.advanceSeconds(5);
      await app.post('/otp').send({ email: newEmail() }).expect(202);
      app.clock.advanceSeconds(30);
      await app.post('/otp').send({ phone: '+4915112345678' }).expect(202);
      await app.outbox.settled();
      await page.goto(`${latchkey()}/dev/outbox`);
    },
  };
}

/** Does something with each page in a browser of its own. */
export async function visitEach(
  browser: Browser,
  states: Readonly<Record<string, PageState>>,
  options: BrowserContextOptions,
  visit: (page: Page, name: string) => Promise<void>,
): Promise<void> {
  for (const [name, reach] of Object.entries(states)) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await reach(page);
    await visit(page, name);
    await context.close();
  }
}
