import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { createRunningClock, startApp, type TestApp } from './app.ts';
import { freePort } from './mysql-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';
import { serve } from './serve.ts';

/** The providers of the site: one leads back by a link, and one by a form. */
const PROVIDERS = { acme: 'query', formal: 'form_post' } as const;

export type ProviderId = keyof typeof PROVIDERS;

/**
 * The service, an app and two real OpenID providers. The service and the app are two hosts of one site, the providers are
 * other sites, and a browser trusts all of them although they have no TLS.
 */
export function useSocialSite(env: Record<string, string> = {}) {
  const used = {} as {
    app: TestApp;
    providers: Record<ProviderId, OpenIdProvider>;
    page: Awaited<ReturnType<typeof serveApp>>;
  };
  const latchkey = () => used.app.config.http.publicUrl;
  const appUrl = () => `http://app.corp.localhost:${used.page.port}`;

  beforeAll(async () => {
    const port = await freePort();
    const publicUrl = `http://auth.corp.localhost:${port}`;
    used.providers = { acme: await startOpenIdProvider(), formal: await startOpenIdProvider() };
    for (const [id, provider] of Object.entries(used.providers)) {
      provider.allow(`${publicUrl}/login/${id}/callback`);
    }
    used.page = await serveApp(publicUrl);
    const configured = Object.entries(used.providers).map(([id, provider]) => ({
      id,
      name: id,
      issuer: provider.issuer,
      client_id: provider.clientId,
      client_secret: provider.clientSecret,
      response_mode: PROVIDERS[id as ProviderId],
    }));
    used.app = await startApp(
      'SQLite',
      {
        PUBLIC_URL: publicUrl,
        RETURN_URLS: appUrl(),
        CORS_ORIGINS: appUrl(),
        OIDC_PROVIDERS: JSON.stringify(configured),
        ...env,
      },
      undefined,
      { port, clock: createRunningClock() },
    );
  });
  afterEach(async () => {
    for (const provider of Object.values(used.providers)) {
      provider.behave();
      if (!(await answers(provider))) await provider.comeBack();
    }
    expect(used.app.contractViolations.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await used.app.stop();
    await used.page.stop();
    for (const provider of Object.values(used.providers)) await provider.stop();
  });

  return {
    get app() {
      return used.app;
    },
    get providers() {
      return used.providers;
    },
    latchkey,
    appUrl,
    /** Opens the app, and leaves it for a provider. */
    async begin(page: Page, id: ProviderId = 'acme', transport: 'token' | 'cookie' = 'token'): Promise<void> {
      await page.goto(`${appUrl()}/?transport=${transport}`);
      await page.getByRole('link', { name: `Sign in with ${id}` }).click();
    },
    /** What the app says in the end. */
    says: (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor(),
  };
}

export type SocialSite = ReturnType<typeof useSocialSite>;

async function answers({ issuer }: OpenIdProvider): Promise<boolean> {
  return fetch(`${issuer}/jwks`).then(
    () => true,
    () => false,
  );
}

/** An app whose users sign in by providers, as small as it can be. What it finds out stands in its status. */
function serveApp(latchkey: string) {
  return serve((_req, res) => {
    const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };
    res.writeHead(200, headers).end(PAGE.replace('LATCHKEY_URL', latchkey));
  });
}

const PAGE = `<!doctype html>
<html lang="en">
<title>The app</title>
<link rel="icon" href="data:,">
<h1>The app</h1>
<p role="status"></p>
<script type="module">
const LATCHKEY = 'LATCHKEY_URL';
const here = new URL(location.href);
const transport = here.searchParams.get('transport');
const say = (text) => { document.querySelector('[role=status]').textContent = text; };

async function call(path, body) {
  const response = await fetch(LATCHKEY + path, {
    method: body ? 'POST' : 'GET',
    credentials: 'include',
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.code);
  return answer;
}

const signedIn = ({ user, access_token: token }) => 'Signed in as ' + user.email + (token ? ' with a token' : ' with a cookie');
const [error, code] = ['error', 'code'].map((name) => here.searchParams.get(name));

async function signIn() {
  if (error) throw new Error(error);
  const challenge_id = sessionStorage.getItem('challenge');
  return signedIn(code ? await call('/login/exchange', { code, challenge_id }) : await call('/me'));
}

if (here.pathname === '/signed-in') {
  try { say(await signIn()); } catch ({ message }) { say('Refused: ' + message); }
} else {
  for (const id of ['acme', 'formal']) {
    const query = new URLSearchParams({ return_to: here.origin + '/signed-in', transport });
    const challenge = sessionStorage.challenge ??= crypto.randomUUID();
    query.set('challenge_id', challenge);
    const link = document.createElement('a');
    link.href = LATCHKEY + '/login/' + id + '?' + query;
    link.textContent = 'Sign in with ' + id;
    document.body.append(link, ' ');
  }
}
</script>
</html>
`;
