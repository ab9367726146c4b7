import type { BrowserContext } from 'playwright-core';
import { PUBLIC_URL } from './app.ts';
import { setCookiesIn } from './cookies.ts';
import type { PageApp } from './page-app.ts';
import { aPerson, type Person } from './people.ts';

/** The user agent of a browser that a person would know. */
export const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0';

/** A person who has signed up by cookie, with what a browser would send. */
export async function signUpForPages({ app }: Pick<PageApp, 'app'>, details: Partial<Person> = {}) {
  const person = aPerson(details);
  const response = await app
    .post('/signup')
    .set('Origin', PUBLIC_URL)
    .send({ ...person, transport: 'cookie' })
    .expect(201);
  await app.outbox.settled();
  return { ...person, id: response.body.user.id as string, cookies: cookiesIn(setCookiesIn(response)) };
}

/** Gives a browser these cookies. */
export async function giveCookies(
  context: BrowserContext,
  { latchkey }: PageApp,
  cookies: Readonly<Record<string, string>>,
): Promise<void> {
  await context.addCookies(
    Object.entries(cookies).map(([name, value]) => ({
      ...{ name, value, url: latchkey(), httpOnly: true },
      sameSite: 'Lax' as const,
    })),
  );
}

/** Cookies by their names, as they are set. */
export function cookiesIn(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [pair = ''] = line.split(';');
      return [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    }),
  );
}
