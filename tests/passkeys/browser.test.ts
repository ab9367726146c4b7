import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CDPSession, Page } from 'playwright-core';
import { startApp, type TestApp } from '../support/app.ts';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { aPerson } from '../support/people.ts';
import { serve } from '../support/serve.ts';
import { addVirtualAuthenticator, type KeptCredential } from '../support/virtual-authenticator.ts';

const DOCUMENTED = readFileSync(new URL('../../docs/passkeys.md', import.meta.url), 'utf8');
/** The script of the page, which these tests run in a real browser, and its HTML. */
const SCRIPT = /```js\n(.*?)```/s.exec(DOCUMENTED)?.[1] ?? '';
const DOCUMENTED_HTML = /```html\n(.*?)```/s.exec(DOCUMENTED)?.[1] ?? '';
const HTML = `<!doctype html>
<title>The app</title>
<link rel="icon" href="data:,">
<input name="email" autocomplete="username webauthn">
<script type="module">window.passkeys = await import('/passkeys.js'); document.title = 'Ready';</script>`;

function servePage(latchkeyUrl: () => string) {
  return serve(({ url }, res) => {
    const isScript = url === '/passkeys.js';
    const html = url === '/documented' ? DOCUMENTED_HTML : HTML;
    res.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    res.end(isScript ? SCRIPT.replace('http://localhost:3000', latchkeyUrl()) : html);
  });
}

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  let app: TestApp;
  let served: Awaited<ReturnType<typeof servePage>>;
  let page: Page;
  let cdp: CDPSession;
  let authenticatorId = '';

  const at = (host: string) => `http://${host}.corp.localhost:${served.port}`;

  beforeAll(async () => {
    served = await servePage(() => `http://auth.corp.localhost:${app.port}`);
    app = await startApp('SQLite', {
      WEBAUTHN_RP_ID: 'corp.localhost',
      WEBAUTHN_ORIGINS: at('app'),
      CORS_ORIGINS: `${at('app')},${at('shop')}`,
      NEW_DEVICE_MAIL: 'false',
    });
    page = await (await browser.newContext()).newPage();
    cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
  });
  afterAll(async () => {
    await app.stop();
    await served.stop();
  });
  beforeEach(async () => {
    if (authenticatorId !== '') await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    await addAuthenticator();
    await visit('app');
  });

  async function addAuthenticator(details: object = {}) {
    authenticatorId = await addVirtualAuthenticator(cdp, details);
  }

  async function visit(host: string) {
    await page.goto(at(host));
    await page.waitForFunction("document.title === 'Ready'");
  }

  const kept = async () =>
    (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials as KeptCredential[];

  /** Calls a function of the script; the code of the refusal or the name of the error where it throws. */
  async function run<Result>(call: string): Promise<Result | string> {
    return page.evaluate(
      `passkeys.${call}.catch(({ code, name }) => (typeof code === 'string' ? code : name))`,
    );
  }

  /** A new person who is signed in to the page by a cookie. */
  async function signedUp() {
    const person = aPerson();
    await page.context().clearCookies();
    const { user } = await page.evaluate<{ user: { id: string } }>(
      `fetch('http://auth.corp.localhost:${app.port}/signup', {
        method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' },
        body: '${JSON.stringify({ ...person, transport: 'cookie' })}',
      }).then((response) => response.json())`,
    );
    return { ...person, id: user.id };
  }

  /** The same with a passkey. */
  async function passkeyOwner() {
    const person = await signedUp();
    const added = await run<{ passkey: { id: string } }>("addPasskey('My phone')");
    if (typeof added === 'string') throw new Error(`no passkey was added: ${added}`);
    return { ...person, passkeyId: added.passkey.id };
  }

  /** What a session that was begun with a passkey says of that (RFC 8176). */
  const methodsOf = async (userId: string) => {
    const session = await app.models.sessions.findOne({ where: { userId, method: 'passkey' } });
    return session?.amr;
  };

  it('adds a passkey with the script of the documentation, and signs in by a button, without a name', async () => {
    const { id, email } = await passkeyOwner();
    await page.context().clearCookies();

    expect(await run('signIn()')).toMatchObject({ id, email });

    expect(await kept()).toMatchObject([{ rpId: 'corp.localhost', isResidentCredential: true }]);
    expect(await methodsOf(id)).toBe('swk user mfa');
  });

  it('greets by autofill who opens the page of the documentation', async () => {
    const { email } = await passkeyOwner();
    await page.context().clearCookies();

    await page.goto(`${at('app')}/documented`);

    await page.getByText(`Hello, ${email}`).waitFor();
  });

  it('signs in by autofill, and by what an address names', async () => {
    const { id, email } = await passkeyOwner();
    await page.context().clearCookies();

    expect(await run('offerPasskeys()')).toMatchObject({ id });
    expect(await run(`signIn('${email}')`)).toMatchObject({ id });
  });

  it('adds no second passkey to the same authenticator: the browser knows those that there are', async () => {
    const { id } = await passkeyOwner();

    expect(await run("addPasskey('My phone')")).toBe('InvalidStateError');

    expect(await app.store.passkeys.count(id)).toBe(1);
  });

  it('takes a security key that remembers no account and asks no one who they are as one factor of two', async () => {
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    await addAuthenticator({
      ...{ transport: 'usb', hasResidentKey: false, hasUserVerification: false, isUserVerified: false },
      defaultBackupEligibility: false,
    });
    const { email } = await passkeyOwner();

    expect(await run(`signIn('${email}')`)).toBe('second_factor_required');
  });

  it('refuses a page of the same site that is not in WEBAUTHN_ORIGINS', async () => {
    await passkeyOwner();
    await visit('shop');

    expect(await run('signIn()')).toBe('invalid_passkey');
  });

  it('refuses a copy whose counter went back', async () => {
    const { id } = await passkeyOwner();
    expect(await run('signIn()')).toMatchObject({ id });
    const [credential] = await kept();
    if (credential === undefined) throw new Error('there is no credential');
    const { credentialId } = credential;
    await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId });
    await cdp.send('WebAuthn.addCredential', {
      authenticatorId,
      credential: { ...credential, signCount: 0 },
    });

    expect(await run('signIn()')).toBe('passkey_copied');
  });

  it('keeps that a passkey has been backed up since', async () => {
    const { id } = await passkeyOwner();
    expect(await app.store.passkeys.list(id)).toMatchObject([{ isBackupEligible: true, isBackedUp: false }]);
    const [{ credentialId = '' } = {}] = await kept();
    await cdp.send('WebAuthn.setCredentialProperties', { authenticatorId, credentialId, backupState: true });

    expect(await run('signIn()')).toMatchObject({ id });

    expect(await app.store.passkeys.list(id)).toMatchObject([{ isBackupEligible: true, isBackedUp: true }]);
  });

  describe('The signals of the page', () => {
    it('have the authenticator forget a passkey that is unknown here', async () => {
      const { id, passkeyId } = await passkeyOwner();
      await app.store.passkeys.remove(passkeyId, id);
      expect(await kept()).toHaveLength(1);

      expect(await run('signIn()')).toBe('passkey_unknown');

      expect(await kept()).toEqual([]);
    });

    it('have it forget a passkey that the page has removed', async () => {
      const { passkeyId } = await passkeyOwner();

      await run(`removePasskey('${passkeyId}')`);

      expect(await kept()).toEqual([]);
    });

    it('have it show the present name of the account', async () => {
      const { id } = await passkeyOwner();
      await app.models.users.update({ name: 'Grace Hopper' }, { where: { id } });

      await run('listPasskeys()');

      expect(await kept()).toMatchObject([{ userDisplayName: 'Grace Hopper' }]);
    });
  });
});
