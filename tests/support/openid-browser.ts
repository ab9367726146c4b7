import type { Page } from 'playwright-core';

/** What a person does at the provider. */
export interface SignInChoice {
  readonly login: string;
  /** False to cancel where the provider asks whether it may tell the client. */
  readonly consent?: boolean;
}

/** What the provider sends to the client by the browser. */
export interface AuthorizationResponse {
  /** POST with response_mode=form_post. */
  readonly method: 'GET' | 'POST';
  /** The whole address of the redirect, or that of the form. */
  readonly url: string;
  /** `code`, `state`, `iss`, `error` and so on, of the address or of the form. */
  readonly parameters: URLSearchParams;
}

const MAX_STEPS = 10;

/** Follows an authorization request as a browser does, without JavaScript, and stops before the client. */
export async function signInAsBrowser(
  issuer: string,
  authorizationUrl: string | URL,
  { login, consent = true }: SignInChoice,
): Promise<AuthorizationResponse> {
  const cookies = createCookieJar();
  let url = new URL(authorizationUrl);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: { Accept: 'text/html', Cookie: cookies.headerFor(url) },
      body: form ?? null,
      redirect: 'manual',
    });
    cookies.take(response, url);
    const page = await response.text();
    form = undefined;
    const location = response.headers.get('Location');
    if (location !== null) {
      url = new URL(location, url);
      if (url.origin !== issuer) return { method: 'GET', url: url.href, parameters: url.searchParams };
    } else if (/<form method="post" action="/.test(page)) {
      return readFormPost(page);
    } else if (page.includes('name="login"')) {
      form = new URLSearchParams({ login });
    } else if (page.includes('name="decision"')) {
      form = new URLSearchParams({ decision: consent ? 'continue' : 'cancel' });
    } else {
      throw new Error(`the provider answers ${response.status} at ${url.pathname}: ${page}`);
    }
  }
  throw new Error(`the provider leads from page to page, at last to ${url.href}`);
}

/** Signs in where a real browser has come to the provider, and returns what it brings to the client. */
export async function signInOnPage(
  issuer: string,
  page: Page,
  { login, consent = true }: SignInChoice,
): Promise<AuthorizationResponse> {
  await page.getByLabel('Login').fill(login);
  const press = (name: string) => page.getByRole('button', { name }).click();
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.isNavigationRequest() && new URL(sent.url()).origin !== issuer),
    press('Sign in').then(() => press(consent ? 'Continue' : 'Cancel')),
  ]);
  const url = request.url();
  if (request.method() === 'GET') return { method: 'GET', url, parameters: new URL(url).searchParams };
  return { method: 'POST', url, parameters: new URLSearchParams(request.postData() ?? '') };
}

function readFormPost(page: string): AuthorizationResponse {
  const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(page) ?? [];
  const inputs = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  const parameters = new URLSearchParams();
  for (const [, name = '', value = ''] of inputs) parameters.append(name, unescapeHtml(value));
  return { method: 'POST', url: unescapeHtml(action), parameters };
}

const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity, name: string) => SIGNS[name] ?? entity);
}

/** The cookies of one host. The provider tells apart by their paths those that have one name. */
function createCookieJar() {
  const cookies = new Map<string, { readonly path: string; readonly pair: string }>();
  return {
    take(response: Response, url: URL): void {
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        const [, path = url.pathname] = /; *path=([^;]*)/i.exec(line) ?? [];
        const key = `${path} ${pair.split('=')[0]}`;
        if (/; *expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(key);
        else cookies.set(key, { path, pair });
      }
    },
    headerFor({ pathname }: URL): string {
      return [...cookies.values()]
        .filter(({ path }) => pathname.startsWith(path))
        .map(({ pair }) => pair)
        .join('; ');
    },
  };
}
