import { type ChildProcessWithoutNullStreams, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as client from 'openid-client';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { collectOutput } from '../support/output.ts';
import { axeViolations, heading, press, useContexts } from '../support/page-app.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/demo-provider.js', import.meta.url));
const CLIENT = { id: 'latchkey', secret: 'a secret of the demo' };

interface Told {
  readonly type: 'listening' | 'failed';
  readonly issuer: string;
  readonly port: number;
  readonly code?: string;
}

/** The demo provider as the service starts it, and the first thing that it says. */
async function startDemoProvider(redirectUri: string, port = 0) {
  const child = fork(SCRIPT, {
    env: {
      DEMO_PROVIDER_PORT: String(port),
      DEMO_PROVIDER_REDIRECT_URIS: redirectUri,
      DEMO_PROVIDER_CLIENT_ID: CLIENT.id,
      DEMO_PROVIDER_CLIENT_SECRET: CLIENT.secret,
    },
    execArgv: [],
    silent: true,
  });
  const output = collectOutput(child as ChildProcessWithoutNullStreams);
  // A child whose parent has disconnected has no close event.
  const exited = Promise.all([
    once(child, 'exit'),
    once(child.stdout ?? child, 'close'),
    once(child.stderr ?? child, 'close'),
  ]).then(([[code]]) => code as number | null);
  const [told] = (await Promise.race([
    once(child, 'message'),
    exited.then((code) => {
      throw new Error(`the demo provider has ended with ${code}: ${output.stderr}`);
    }),
  ])) as [Told];
  return { child, told, exited, output };
}

/** A client that leads the browser on to an app of another origin, as Latchkey does. */
function useClientApp() {
  let server: Server;
  let arrival = '';
  const port = () => (server.address() as AddressInfo).port;
  const origin = () => `http://localhost:${port()}`;

  beforeAll(async () => {
    server = createServer((req, res) => {
      if (req.url?.startsWith('/callback')) {
        arrival = `${origin()}${req.url}`;
        res.writeHead(303, { Location: `http://127.0.0.1:${port()}/` }).end();
      } else {
        res.end('back in the app');
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  return {
    port,
    callback: () => `${origin()}/callback`,
    /** The address by which the browser has come back last. */
    arrival: () => new URL(arrival),
  };
}

describe('scripts/demo-provider.js', () => {
  const { port, callback, arrival } = useClientApp();

  it('says where it listens and nothing else, and ends with its parent', async () => {
    const { child, told, exited, output } = await startDemoProvider(callback());
    expect(told).toEqual({ type: 'listening', issuer: `http://localhost:${told.port}`, port: told.port });

    child.disconnect();
    expect(await exited).toBe(0);
    expect(output).toEqual({ stdout: '', stderr: '' });
  });

  it('says that its port is taken, and ends', async () => {
    const { told, exited } = await startDemoProvider(callback(), port());
    expect(told).toMatchObject({ type: 'failed', code: 'EADDRINUSE' });
    expect(await exited).toBe(1);
  });

  it('says what is wrong with a redirect URI', async () => {
    const { told, exited } = await startDemoProvider('nowhere');
    expect(told).toMatchObject({ type: 'failed', message: expect.stringContaining('redirect_uris') });
    expect(await exited).toBe(1);
  });

  onChromium((chromium) => {
    const browser = useBrowser(chromium);
    const newContext = useContexts(browser);
    let demo: Awaited<ReturnType<typeof startDemoProvider>>;
    let config: client.Configuration;

    beforeAll(start);
    afterAll(stop);

    async function start(): Promise<void> {
      demo = await startDemoProvider(callback());
      config = await client.discovery(
        new URL(demo.told.issuer),
        CLIENT.id,
        CLIENT.secret,
        client.ClientSecretBasic(CLIENT.secret),
        { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
      );
    }

    async function stop(): Promise<void> {
      demo.child.disconnect();
      await demo.exited;
    }

    /** A browser on the sign-in page, and what the client learns once it is back. */
    async function open(options: BrowserContextOptions = {}, parameters: Record<string, string> = {}) {
      const pkceCodeVerifier = client.randomPKCECodeVerifier();
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: callback(),
        scope: 'openid email profile',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        ...parameters,
      });
      const page = await (await newContext(options)).newPage();
      await page.goto(url.href);
      return {
        page,
        async finish() {
          await page.getByText('back in the app').waitFor();
          return client.authorizationCodeGrant(config, arrival(), { pkceCodeVerifier });
        },
      };
    }

    async function typeIn(page: Page, email: string, name = ''): Promise<void> {
      await page.getByLabel('Email address', { exact: true }).fill(email);
      await page.getByLabel('Name (optional)').fill(name);
    }

    it.each([true, false])('signs in any address, with JavaScript: %s', async (javaScriptEnabled) => {
      const { page, finish } = await open(
        { javaScriptEnabled },
        { scope: 'openid email profile offline_access', prompt: 'consent' },
      );
      await typeIn(page, 'ada@example.com', 'Ada Lovelace');
      await press(page, 'Sign in');
      await heading(page, 'Continue to Latchkey?');
      await press(page, 'Continue');

      const tokens = await finish();
      const claims = tokens.claims();
      const shared = { email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' };
      expect(claims).toMatchObject(shared);
      expect(await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '')).toMatchObject(
        shared,
      );
      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
      expect(refreshed.claims()).toMatchObject(shared);
    });

    it('knows an address again after a restart, however it is typed', async () => {
      const subs: unknown[] = [];
      for (const email of ['grace@example.com', 'Grace@Example.com ']) {
        const { page, finish } = await open();
        await typeIn(page, email);
        await press(page, 'Sign in');
        await press(page, 'Continue');
        subs.push((await finish()).claims()?.sub);
        await stop();
        await start();
      }
      expect(subs).toEqual([expect.any(String), subs[0]]);
    });

    it('shares an address as not verified, or none, as the person chooses', async () => {
      const { page, finish } = await open();
      await typeIn(page, 'ada@example.com');
      await page.getByLabel('The provider has verified this address').uncheck();
      await press(page, 'Sign in');
      await page.getByText('which the provider has not verified').waitFor();
      await press(page, 'Continue');
      expect((await finish()).claims()).toMatchObject({ email_verified: false });

      const silent = await open();
      await typeIn(silent.page, 'ada@example.com');
      await silent.page.getByLabel('Share no email address').check();
      await press(silent.page, 'Sign in');
      await silent.page.getByText('no email address').waitFor();
      await press(silent.page, 'Continue');
      expect((await silent.finish()).claims()).not.toHaveProperty('email');
    });

    it('goes back with access_denied where the person cancels', async () => {
      const { page, finish } = await open();
      await typeIn(page, 'ada@example.com');
      await press(page, 'Sign in');
      await press(page, 'Cancel');
      await expect(finish()).rejects.toMatchObject({ error: 'access_denied' });
    });

    /** Every page, one after the other. */
    async function visitEach(options: BrowserContextOptions, look: (page: Page) => Promise<void>) {
      const { page } = await open(options);
      await look(page);
      await page.evaluate("document.querySelector('form').noValidate = true");
      await typeIn(page, 'ada');
      await press(page, 'Sign in');
      await page.getByText('Enter an email address').waitFor();
      await look(page);
      await typeIn(page, 'ada@example.com', 'Ada Lovelace');
      await press(page, 'Sign in');
      await heading(page, 'Continue to Latchkey?');
      await look(page);
      await page.context().clearCookies();
      await press(page, 'Continue');
      await heading(page, 'This page has expired');
      await look(page);
      await page.goto(demo.told.issuer);
      await heading(page, 'The demo provider is running');
      await look(page);
    }

    it.each(['light', 'dark'] as const)(
      'has pages that pass the rules that axe can check, in the %s scheme',
      async (colorScheme) => {
        const problems: string[] = [];
        await visitEach(
          { viewport: { width: 320, height: 640 }, colorScheme, bypassCSP: true },
          async (page) => {
            problems.push(...(await axeViolations(page)));
            const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
            if (Number(beyond) > 0) problems.push(`${page.url()} is ${beyond} pixels too wide`);
          },
        );
        expect(problems).toEqual([]);
      },
    );
  });
});
