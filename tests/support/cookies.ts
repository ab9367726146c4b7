import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import type { Response, Test } from 'supertest';
import { startApp, type TestApp } from './app.ts';
import { type DatabaseKind, databaseKinds } from './databases.ts';
import { aPerson, type Person } from './people.ts';
import { onRedis, REDIS_LOG, useRedis } from './redis.ts';

/** The page that signs in, of an origin in CORS_ORIGINS. */
export const PAGE = 'https://app.example.com';

/** The Set-Cookie with which a browser forgets the cookie of its session. */
export const FORGOTTEN_COOKIE = 'latchkey=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax';

/** A browser whose session has a cookie. */
export interface Browser extends Person {
  readonly id: string;
  /** The Cookie header that it sends. */
  readonly cookie: string;
  readonly csrfToken: string;
  readonly expiresAt: string;
}

/**
 * Runs a suite for each place that keeps the sessions of cookies: the table of each database, and Redis.
 */
export function onEachCookieStore(suite: (app: TestApp) => void, env: Record<string, string> = {}): void {
  for (const kind of databaseKinds)
    describe(`in the table on ${kind}`, () => suite(useCookieApp(kind, () => env)));
  onRedis(() => {
    const redis = useRedis();
    suite(useCookieApp('SQLite', () => ({ ...env, REDIS_URL: redis.url })));
  });
}

/** One app for the suite at hand, which is called from PAGE. */
export function useCookieApp(kind: DatabaseKind, env: () => Record<string, string> = () => ({})): TestApp {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(kind, { CORS_ORIGINS: PAGE, ...env() });
    await untilRedisIsUp(app);
  });
  afterEach(() => {
    expect(app.contractViolations.splice(0)).toEqual([]);
  });
  afterAll(() => app.stop());
  return new Proxy({} as TestApp, { get: (_target, name) => app[name as keyof TestApp] });
}

/** Resolves once an app is connected to its Redis, where it has one. */
export async function untilRedisIsUp({ config, logs }: TestApp): Promise<void> {
  if (config.redisUrl === undefined) return;
  const isUp = () => {
    const said = logs.entries().filter(({ msg }) => msg === REDIS_LOG.connected || msg === REDIS_LOG.away);
    return said.at(-1)?.msg === REDIS_LOG.connected;
  };
  while (!isUp()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Signs a person up by cookie. */
export async function signUpByCookie(app: TestApp, details: Partial<Person> = {}): Promise<Browser> {
  const person = aPerson(details);
  const response = await app
    .post('/signup')
    .set('Origin', PAGE)
    .send({ ...person, transport: 'cookie' })
    .expect(201);
  return browserOf(person, response);
}

/** Logs a person in by cookie, on a browser that may have cookies already. */
export async function logInByCookie(app: TestApp, person: Person, cookie = ''): Promise<Browser> {
  const { email, password } = person;
  const response = await app
    .post('/login')
    .set('Origin', PAGE)
    .set('Cookie', cookie)
    .send({ email, password, transport: 'cookie' })
    .expect(200);
  return browserOf(person, response);
}

function browserOf({ email, password }: Person, response: Response): Browser {
  const { user, csrf_token: csrfToken, expires_at: expiresAt } = response.body;
  return { email, password, id: user.id, cookie: sessionCookieIn(response), csrfToken, expiresAt };
}

/** The cookie of a session in an answer, as a browser sends it back; empty where there is none. */
export function sessionCookieIn(response: Response): string {
  return (
    setCookiesIn(response)
      .find((text) => /^[\w-]*latchkey=/.test(text))
      ?.split(';')[0] ?? ''
  );
}

export function setCookiesIn({ headers }: Response): string[] {
  return (headers['set-cookie'] as unknown as string[] | undefined) ?? [];
}

/** A change that a page makes with the cookie of its user, as it should be. */
export function asPage(test: Test, { cookie, csrfToken }: Pick<Browser, 'cookie' | 'csrfToken'>): Test {
  return test.set('Cookie', cookie).set('Origin', PAGE).set('X-CSRF-Token', csrfToken);
}

/** The id in the Cookie header of a session, without its signature. */
export function cookieIdIn(cookie: string): string {
  return /=s:([\w-]+)\./.exec(decodeURIComponent(cookie))?.[1] ?? '';
}
