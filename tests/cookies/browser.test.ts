import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BrowserContext, Page, Response } from 'playwright-core';
import { startApp, type TestApp } from '../support/app.ts';
import { serveBrowserApp, useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { onChromium } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { aPerson, type Person } from '../support/people.ts';

/** What a script sends. */
interface Sent {
  readonly method?: string;
  readonly mode?: 'no-cors';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newDirectory = useDirectories();
  const stops: (() => Promise<void>)[] = [];
  let app: TestApp;
  /** The page at localhost, as a newcomer has it, and at hosts of the site corp.test. */
  let atLocalhost: string;
  let port: number;

  beforeAll(async () => {
    const localPort = await freePort();
    port = await freePort();
    app = await startApp('SQLite', { CORS_ORIGINS: `http://app.corp.test:${port}` });
    stops.push(app.stop);
    const local = await serveBrowserApp(newDirectory(), localPort, `http://localhost:${app.port}`);
    const corporate = await serveBrowserApp(newDirectory(), port, latchkeyAt('auth.corp.test'));
    stops.push(local.stop, corporate.stop);
    atLocalhost = `http://localhost:${localPort}`;
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const latchkeyAt = (host: string) => `http://${host}:${app.port}`;

  async function open(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  async function enter(page: Page, { email, password }: Person, how: 'Sign in' | 'Sign up'): Promise<void> {
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: how }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  }

  /** A person who has signed up on the page, in a browser profile of their own. */
  async function signedUp(url = atLocalhost) {
    const context = await browser.newContext();
    const page = await open(context, url);
    const person = aPerson();
    await enter(page, person, 'Sign up');
    return { context, page, person };
  }

  async function saveName(page: Page, name: string): Promise<void> {
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Save' }).click();
  }

  const isGreeted = (page: Page, name: string) =>
    page.getByRole('heading', { name: `Hello, ${name}`, exact: true }).waitFor();
  const isTold = (page: Page, message: string) => page.getByText(message, { exact: true }).waitFor();
  const isAskedToSignIn = (page: Page) => page.getByRole('heading', { name: 'Sign in' }).waitFor();

  /** The Cookie header with all that the browser keeps, and its names. */
  async function kept(context: BrowserContext) {
    const cookies = await context.cookies();
    const header = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    return { cookies, names: cookies.map(({ name }) => name).sort(), header };
  }

  /** The account whose session the browser has, asked for as the browser would. */
  async function accountOf(context: BrowserContext) {
    const { header } = await kept(context);
    return (await app.get('/me').set('Cookie', header)).body.user;
  }

  describe('A page of another origin that a stranger opens', () => {
    let page: Page;
    beforeAll(async () => {
      page = await open(await browser.newContext(), atLocalhost);
    });

    it('asks to sign in', async () => {
      await isAskedToSignIn(page);
    });

    it('says why a sign-in was refused', async () => {
      await page.getByLabel('Email').fill('nobody@example.com');
      await page.getByLabel('Password').fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page
        .getByRole('status')
        .filter({ hasText: /password/ })
        .waitFor();
    });
  });

  describe('A page of another origin on which a user has signed up', () => {
    let context: BrowserContext;
    let page: Page;
    let person: Person;
    beforeAll(async () => {
      ({ context, page, person } = await signedUp());
    });
    beforeEach(async () => {
      // A test before this one may have ended the session.
      const isSignedOut = await page.getByRole('heading', { name: 'Sign in' }).isVisible();
      if (isSignedOut) await enter(page, person, 'Sign in');
    });

    it('has the user still signed in after a reload', async () => {
      await page.reload();
      await isGreetedByOwnName(page);
    });

    it('has nothing that a script could read and take away', async () => {
      const readable = await page.evaluate(
        '({ cookie: document.cookie, kept: Object.keys({ ...localStorage, ...sessionStorage }) })',
      );

      expect(readable).toEqual({ cookie: '', kept: [] });
      const { cookies, names } = await kept(context);
      expect(names).toEqual(['latchkey', 'latchkey-device']);
      expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([
        [true, 'Lax'],
        [true, 'Lax'],
      ]);
    });

    it('changes the account, also after a reload', async () => {
      await saveName(page, 'Ada');
      await isTold(page, 'Saved.');
      await page.reload();
      await isGreeted(page, 'Ada');

      await saveName(page, 'Grace');

      await isTold(page, 'Saved.');
      expect((await accountOf(context)).name).toBe('Grace');
    });

    it('changes nothing in a tab from before another sign-in until the user has seen whose account it is', async () => {
      // Without the scripts of the page, so that the first tab is told nothing.
      const other = await open(context, `${atLocalhost}/style.css`);
      const status = await other.evaluate(
        async ([url, body]) => {
          const options = { method: 'POST', credentials: 'include', body } as const;
          const headers = { 'Content-Type': 'application/json' };
          return (await fetch(`${url}/login`, { ...options, headers })).status;
        },
        [latchkeyAt('localhost'), JSON.stringify({ ...person, transport: 'cookie' })] as const,
      );

      await saveName(page, 'Barbara');

      expect(status).toBe(200);
      await isTold(page, 'Another tab has signed in. See whose account this is, and try again.');
      expect((await accountOf(context)).name).toBe('Grace');
      await saveName(page, 'Barbara');
      await isTold(page, 'Saved.');
      await isGreeted(page, 'Barbara');
    });

    it('notices at its next request that its session was ended elsewhere', async () => {
      const { body } = await app.post('/login').send(person).expect(200);
      await app.post('/logout?scope=others').auth(body.access_token, { type: 'bearer' }).expect(204);

      await saveName(page, 'Ada');

      await isTold(page, 'Your session has ended.');
      await isAskedToSignIn(page);
      expect((await kept(context)).names).toEqual(['latchkey-device']);
    });

    it('signs out in one of two tabs, and the other one notices', async () => {
      const other = await open(context, atLocalhost);
      await isGreetedByOwnName(other);
      await page.bringToFront();

      await page.getByRole('button', { name: 'Sign out' }).click();

      await isTold(page, 'You have signed out.');
      await isTold(other, 'You have signed out in another tab.');
      expect((await kept(context)).names).toEqual(['latchkey-device']);
    });

    async function isGreetedByOwnName(tab: Page): Promise<void> {
      const { email, name } = await accountOf(context);
      expect(email).toBe(person.email);
      await isGreeted(tab, name ?? email);
    }
  });

  describe.each([
    ['another site', 'evil.test'],
    ['another host of the same site, with whose requests the cookie goes,', 'evil.corp.test'],
  ])('A page of %s that is not listed', (_what, host) => {
    /** Its visitor, who has signed in on the page that is listed. */
    let context: BrowserContext;
    let person: Person;
    let page: Page;
    let header: string;
    beforeAll(async () => {
      ({ context, person } = await signedUp(`http://app.corp.test:${port}`));
      ({ header } = await kept(context));
      page = await open(context, `http://${host}:${port}`);
    });

    /** The session and the account are what they were, and so is the password. */
    async function expectUntouched() {
      const { email, password } = person;
      expect((await kept(context)).header).toBe(header);
      expect(await accountOf(context)).toMatchObject({ email, name: null });
      await app.post('/login').send({ email, password }).expect(200);
    }

    it('is told nothing, although it is the very same page', async () => {
      await isTold(page, 'Latchkey did not answer this page.');

      for (const path of ['/me', '/csrf', '/sessions', '/verify']) {
        expect(await fetchFrom(page, path, {})).toBe('unreadable');
      }
    });

    it('changes nothing, whatever a script sends', async () => {
      const json = { 'Content-Type': 'application/json', 'X-CSRF-Token': 'x' };
      const login = JSON.stringify({ ...(await anAccount()), transport: 'cookie' });

      const answers = [
        await fetchFrom(page, '/me', { method: 'PATCH', headers: json, body: '{"name":"Evil"}' }),
        await fetchFrom(page, '/logout', { method: 'POST' }),
        await fetchFrom(page, '/logout', { method: 'POST', mode: 'no-cors' }),
        await fetchFrom(page, '/logout?scope=global', { method: 'POST', mode: 'no-cors' }),
        await fetchFrom(page, '/session/token', { method: 'POST', mode: 'no-cors' }),
        await fetchFrom(page, '/login', { method: 'POST', headers: json, body: login }),
        await fetchFrom(page, '/login', { method: 'POST', mode: 'no-cors', body: login }),
      ];

      expect(new Set(answers)).toEqual(new Set(['unreadable']));
      await expectUntouched();
    });

    it('cannot act by forms that post to Latchkey', async () => {
      const passwords = { current_password: person.password, new_password: aPerson().password };
      const login = { ...(await anAccount()), transport: 'cookie' };

      for (const enctype of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']) {
        for (const [path, fields] of [
          ['/logout', {}],
          ['/logout?scope=global', {}],
          ['/me/password', passwords],
          ['/login', login],
        ] as const) {
          const response = await submit(path, enctype, fields);
          if (response.ok()) throw new Error(`${path} took a form as ${enctype}`);
        }
      }

      await expectUntouched();
    });

    /** An account of the page's own. */
    async function anAccount(): Promise<Person> {
      const person = aPerson();
      await app.post('/signup').send(person).expect(201);
      return person;
    }

    /** What a script of the page can read of the answer. */
    function fetchFrom(page: Page, path: string, init: Sent): Promise<string> {
      return page.evaluate(
        async ([url, options]) => {
          try {
            return (await (await fetch(url, { ...options, credentials: 'include' })).text()) || 'unreadable';
          } catch {
            return 'unreadable';
          }
        },
        [latchkeyAt('auth.corp.test') + path, init] as const,
      );
    }

    /**
     * The answer to a form, which the page does not need to read: a window of its own shows it. As text, the field of the
     * form is a JSON document.
     */
    async function submit(path: string, enctype: string, fields: Record<string, string>): Promise<Response> {
      const named =
        enctype === 'text/plain' ? { [JSON.stringify(fields).replace(/}$/, ',"x":"')]: '"}' } : fields;
      const action = latchkeyAt('auth.corp.test') + path;
      const answered = context.waitForEvent('response', (response) => response.url() === action);
      const inputs = Object.entries(named).map(
        ([name, value]) => `<input type="hidden" name='${name}' value='${value}'>`,
      );
      const form = `<form method="post" action="${action}" enctype="${enctype}" target="prize">${inputs.join('')}</form>`;
      await page.evaluate(`document.body.innerHTML = ${JSON.stringify(form)}; document.forms[0].submit()`);
      return answered;
    }
  });
});
