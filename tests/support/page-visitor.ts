import type { Response } from 'supertest';
import type { TestApp } from './app.ts';
import { setCookiesIn } from './cookies.ts';

/** What a browser says of a form that it sends from a page of the service. */
const OF_OWN_PAGE = { Origin: 'null', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' };

interface Sending {
  /** In place of what a browser says of a form of the service's own page; null for nothing at all. */
  readonly headers?: Readonly<Record<string, string>> | null;
  /** In place of the token of the form. */
  readonly csrfToken?: string | null;
}

export type Visitor = ReturnType<typeof createVisitor>;

/** Visits pages with a browser that keeps cookies and runs no script. */
export function createVisitor(app: TestApp, headers: Readonly<Record<string, string>> = {}) {
  const cookies = new Map<string, string>();
  let page: Response | undefined;
  let path = '/';

  function keep(response: Response): Response {
    for (const cookie of setCookiesIn(response)) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/Max-Age=0/.test(cookie)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  const cookieHeader = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');

  /** Opens a page, without following where it leads. */
  async function open(to: string): Promise<Response> {
    path = to.replace(/^https:\/\/auth\.example\.com/, '');
    const response = await app
      .get(path)
      .set({ Accept: 'text/html,*/*;q=0.8', ...headers, Cookie: cookieHeader() });
    page = keep(response);
    return page;
  }

  /** Opens a page, and those that it leads to within the service. */
  async function visit(to: string): Promise<Response> {
    let response = await open(to);
    while (response.status === 303 && response.headers.location?.startsWith('/'))
      response = await open(response.headers.location);
    return response;
  }

  /** Presses the button with this value on the page at hand, with what was typed. */
  async function press(
    form: string,
    fields: Readonly<Record<string, string>> = {},
    { headers: sent = OF_OWN_PAGE, csrfToken }: Sending = {},
  ): Promise<Response> {
    const token = csrfToken === undefined ? tokenIn(page) : csrfToken;
    const response = await app
      .post(path)
      .type('form')
      .set({ ...headers, ...sent, Cookie: cookieHeader() })
      .send({ ...(token !== null && { csrf_token: token }), ...fields, form });
    keep(response);
    if (response.type === 'text/html') page = response;
    return response;
  }

  /** The same, and follows where it leads within the service. */
  async function pressThrough(
    form: string,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const response = await press(form, fields);
    if (response.status !== 303)
      throw new Error(`${form} was answered ${response.status}: ${wordsOf(response)}`);
    return response.headers.location?.startsWith('/') ? visit(response.headers.location) : response;
  }

  /** Who is signed in to this browser, by the API. */
  async function whoAmI(): Promise<string | undefined> {
    const { body } = await app.get('/me').set('Cookie', cookieHeader());
    return body.user?.email;
  }

  return { open, visit, press, pressThrough, whoAmI, cookies, cookieHeader, path: () => path };
}

function tokenIn(page: Response | undefined): string {
  return /name="csrf_token" value="([^"]*)"/.exec(page?.text ?? '')?.[1] ?? '';
}

/** The heading of a page. */
export const headingOf = ({ text }: Response): string => /<h1>(.*?)<\/h1>/s.exec(text)?.[1] ?? '';

/** What a person reads on a page. */
export function wordsOf({ text }: Response): string {
  const [, main = ''] = /<main>(.*)<\/main>/s.exec(text) ?? [];
  return main
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What is wrong with a field, beside it. */
export const problemBeside = ({ text }: Response, field: string): string | undefined =>
  new RegExp(`id="${field}-problem">([^<]+)<`).exec(text)?.[1];

/** What is wrong as a whole, or with a field. */
export function problemsOf({ text }: Response): string[] {
  return [...text.matchAll(/class="(?:alert|problem)"[^>]*>([^<]+)</g)].map(([, words = '']) => words);
}
