import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { loadConfig } from '../../src/config/config.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { ERRORS } from '../../src/core/errors.ts';
import { ERROR_TOPICS } from '../../src/features/docs/topics.ts';
import { useBrowser } from '../support/browser.ts';
import { useDirectories } from '../support/directories.ts';
import { onChromium } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { press, useContexts } from '../support/page-app.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { serve } from '../support/serve.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { type GooglePeer, startGoogle } from '../support/social-peers/google.ts';

const PAGE = readFileSync(new URL('../../docs/social-login.md', import.meta.url), 'utf8');
const GOOGLE = { clientId: 'a-web-client', clientSecret: 'a-secret-of-the-web-client' };
const ANDROID_CLIENT_ID = 'an-android-client';
const PARAMETERS = ['return_to', 'transport', 'challenge_id', 'prompt', 'login_hint'];

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );
}

const commands = blocks('sh').filter((block) => block.includes('curl'));

describe('docs/social-login.md', () => {
  const newDirectory = useDirectories();
  let google: GooglePeer;
  let server: ServerProcess;
  let latchkey: string;

  beforeAll(async () => {
    google = await startGoogle({ ...GOOGLE, redirectUris: [] });
    await start({});
  });
  afterAll(async () => {
    await server.stop();
    await google.stop();
  });

  /** As the page starts it, and with Google. */
  async function start(env: Record<string, string>): Promise<void> {
    const port = await freePort();
    latchkey = `http://localhost:${port}`;
    server = await startServer(newDirectory(), {
      ...QUICK,
      PORT: String(port),
      PUBLIC_URL: latchkey,
      DEMO_PROVIDER: 'true',
      DEMO_PROVIDER_PORT: String(await freePort()),
      GOOGLE_CLIENT_ID: GOOGLE.clientId,
      GOOGLE_CLIENT_SECRET: GOOGLE.clientSecret,
      GOOGLE_ISSUER: google.issuer,
      GOOGLE_NATIVE_CLIENT_IDS: ANDROID_CLIENT_ID,
      ...env,
    });
    await server.logged('the demo provider listens');
  }

  const here = (text: string) => text.replaceAll('http://localhost:3000', latchkey);

  onChromium((chromium) => {
    const browser = useBrowser(chromium);
    const newContext = useContexts(browser);

    /** What a person does at the demo provider. */
    async function signIn(page: Page, decision = 'Continue'): Promise<void> {
      await page.getByRole('textbox', { name: 'Email address' }).fill('grace@example.com');
      await press(page, 'Sign in');
      await press(page, decision);
    }

    /** Opens the address of the page, and takes the code out of the one that it ends at. */
    async function codeByHand(): Promise<string> {
      const [, opened = ''] = /Open <([^>]+)>/.exec(PAGE) ?? [];
      const page = await (await newContext()).newPage();
      await page.goto(here(opened));
      await signIn(page);
      await page.waitForURL(/[?]code=/);
      return new URL(page.url()).searchParams.get('code') ?? '';
    }

    it('has commands that sign in, link and unlink when pasted from top to bottom', async () => {
      const nonce = 'a nonce of the app';
      const user = { sub: '117', email: 'ada@example.com' };
      const idToken = await google.nativeIdToken({ user, androidClientId: ANDROID_CLIENT_ID, nonce });
      const shell = openShell(newDirectory(), { ID_TOKEN: idToken, NONCE: nonce });
      const printed: string[] = [];
      for (const command of commands.slice(0, -1)) {
        const code = command.includes('THE_CODE') ? await codeByHand() : '';
        printed.push(await shell.run(here(command).replace('THE_CODE', code)));
      }
      await shell.close();
      const [signedIn = '', providers = '', link, identities = '', removed, byIdToken = ''] = printed;

      const [answer = '', listed = '', shown = ''] = blocks('json');
      expect(Object.keys(JSON.parse(signedIn))).toEqual(Object.keys(JSON.parse(answer)));
      expect(JSON.parse(signedIn)).toMatchObject({
        user: { email: 'grace@example.com', email_verified: true },
      });
      expect(JSON.parse(providers).providers).toEqual(
        expect.arrayContaining(JSON.parse(listed).providers as unknown[]),
      );
      expect(link).toMatch(/^HTTP\/1\.1 200 .*Set-Cookie: latchkey-pending-.*"authorization_url":"http/s);
      expect(Object.keys(JSON.parse(identities).identities[0])).toEqual(
        Object.keys(JSON.parse(shown).identities[0]),
      );
      expect(removed).toMatch(/^HTTP\/1\.1 204 /);
      expect(JSON.parse(byIdToken)).toMatchObject({ user: { email: 'ada@example.com' } });
      expect(printed).toHaveLength(6);
    });

    it('has a page that signs in by tokens, and tells when the person declines', async () => {
      const app = await serveApp(here(blocks('js')[0] ?? ''));
      try {
        for (const [decision, shown] of [
          ['Continue', '"email":"grace@example.com"'],
          ['Cancel', 'access_denied'],
        ] as const) {
          const page = await (await newContext()).newPage();
          await page.goto(app.url);
          await press(page, 'Sign in with demo');
          await signIn(page, decision);
          await page.getByText(shown).waitFor();
          expect(page.url()).toBe(app.url);
        }
      } finally {
        await app.stop();
      }
    });

    it('has a link that comes back with a cookie', async () => {
      const [, link = ''] = /href="([^"]+)"/.exec(blocks('html')[0] ?? '') ?? [];
      const app = await serveApp('');
      const context = await newContext();
      const page = await context.newPage();
      try {
        await page.goto(here(link.replace('http://localhost:5173/', app.url)));
        await signIn(page);
        await page.waitForURL(app.url);

        const cookies = (await context.cookies(latchkey)).map(({ name }) => name);
        expect(cookies).toContain('latchkey');
        expect(cookies.filter((name) => name.startsWith('latchkey-pending'))).toEqual([]);
      } finally {
        await app.stop();
      }
    });

    it('has commands that get a token of the provider once tokens are kept', async () => {
      await server.stop();
      await start({ STORE_PROVIDER_TOKENS: 'true' });
      const shell = openShell(newDirectory(), {});
      const [exchange = ''] = commands;
      await shell.run(here(exchange).replace('THE_CODE', await codeByHand()));
      const printed = await shell.run(here(commands.at(-1) ?? ''));
      await shell.close();

      const shown = JSON.parse(blocks('json').find((block) => block.includes('"scope"')) ?? '');
      expect(Object.keys(JSON.parse(printed))).toEqual(Object.keys(shown));
      expect(JSON.parse(printed)).toMatchObject({ scope: shown.scope });
    });
  });

  it('names every error code of social login, and says what to tell people about those that come back', () => {
    const topic = ERROR_TOPICS.find(({ id }) => id === 'social');
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code = '']) => code);
    const codes = rows.filter((code) => code in ERRORS);

    expect(topic?.codes.filter((code) => !PAGE.includes(`\`${code}\``))).toEqual([]);
    expect(rows.filter((name) => !(name in ERRORS))).toEqual(PARAMETERS);
    expect(codes).toHaveLength(12);
  });

  it('names settings that the configuration takes, with their defaults', () => {
    const settings = blocks('sh').filter(
      (block) => /^[A-Z_]+=\S+$/m.test(block) && !block.includes('npm start'),
    );
    const env = Object.fromEntries(
      settings.flatMap((block) =>
        [...block.matchAll(/^([A-Z_]+)='?(.+?)'?$/gm)].map(([, name, value]) => [name, value]),
      ),
    );
    const { social } = loadConfig({ ...env, GITHUB_CLIENT_ID: 'a', GITHUB_CLIENT_SECRET: 'b' });
    expect(Object.keys(env)).toEqual(['GITHUB_URL', 'GITHUB_API_URL', 'OIDC_PROVIDERS']);
    expect(social.providers.map(({ id }) => id)).toEqual(['github', 'acme']);

    const rows = [...PAGE.matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]+)`)? ?\|/gm)];
    expect(rows.map(([, name, value]) => [name, value ?? ''])).toEqual(
      rows.map(([, name = '']) => [name, defaultOf(name)]),
    );
    expect(rows).toHaveLength(6);
    const named = [...PAGE.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name);
    const unknown = named.filter(
      (name) => !(name in VARIABLES) && !(name.replace(/_FILE$/, '') in VARIABLES),
    );
    expect(unknown).toEqual([]);
  });
});

function defaultOf(name: string): string {
  const variable = VARIABLES[name as keyof typeof VARIABLES];
  return 'default' in variable ? String(variable.default) : '';
}

/** Serves a page with this script, which shows how a sign-in has ended. */
async function serveApp(script: string) {
  const show = `const show = (text) => { document.querySelector('output').textContent = text; };`;
  const run =
    script === ''
      ? ''
      : `document.querySelector('button').onclick = () => signInWith('demo');
returnFromProvider().then((answer) => show(JSON.stringify(answer ?? '')), (problem) => show(problem.code));`;
  const html = `<!doctype html><title>App</title><button>Sign in with demo</button><output></output>
<script type="module">${script}${show}${run}</script>`;
  const { port, stop } = await serve((_req, res) => res.setHeader('Content-Type', 'text/html').end(html));
  return { url: `http://localhost:${port}/`, stop };
}
