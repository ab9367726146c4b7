import { randomBytes, randomUUID } from 'node:crypto';
import { sign } from 'cookie-signature';
import { Redis } from 'ioredis';
import { cookieKeyOf, newCookieId } from '../../src/core/cookie-sessions/cookie-id.ts';
import { readRecord, writeRecord } from '../../src/core/cookie-sessions/record.ts';
import { createRedisRecords } from '../../src/redis/cookie-records.ts';
import type { Run } from './benchmark.ts';
import { type Program, startLatchkey } from './programs.ts';

/** A session of the service, as a browser has it. */
export interface CookieSession {
  /** The value of the Cookie header. */
  readonly cookie: string;
  /** An access token of the same session. */
  readonly token: string;
}

/** The service with its sessions in Redis. */
export interface CookieService extends Program {
  readonly redisUrl: string;
  readonly session: CookieSession;
}

const COOKIE_SECRET = randomBytes(48).toString('base64');
/** Where it is not for HTTPS alone. */
const NAME = 'latchkey';
const password = 'correct horse battery staple';
/** As many commands as are sent at once. */
const AT_ONCE = 1_000;

/** Starts the service with its sessions in this Redis, and signs somebody up by cookie. */
export async function startCookieService(
  run: Run,
  redisUrl: string,
  env: Record<string, string> = {},
): Promise<CookieService> {
  const program = await startLatchkey(run, { BCRYPT_COST: '4', REDIS_URL: redisUrl, COOKIE_SECRET, ...env });
  return { ...program, redisUrl, session: await signUpByCookie(program) };
}

async function signUpByCookie({ port }: Program): Promise<CookieSession> {
  const origin = `http://127.0.0.1:${port}`;
  const post = (path: string, headers: Record<string, string>, body?: unknown) =>
    fetch(origin + path, {
      method: 'POST',
      headers: { Origin: origin, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body ?? {}),
    });
  const email = `${randomUUID()}@example.com`;
  const signup = await post('/signup', {}, { email, password, transport: 'cookie' });
  const { csrf_token: csrfToken } = (await signup.json()) as { csrf_token: string };
  const cookie = cookiesOf(signup).find((pair) => pair.startsWith(`${NAME}=`)) ?? '';
  const exchange = await post('/session/token', { Cookie: cookie, 'X-CSRF-Token': csrfToken });
  const { access_token: token } = (await exchange.json()) as { access_token: string };
  return { cookie, token };
}

function cookiesOf({ headers }: Response): string[] {
  return headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
}

/**
 * Adds sessions to the one that the service made until there are the given number, each like that one, by the functions
 * with which the service writes them. Answers with the cookies of some of them, from anywhere among them.
 */
export async function addSessions(
  { redisUrl, session }: CookieService,
  sessions: number,
  cookiesWanted: number,
): Promise<string[]> {
  const client = new Redis(redisUrl, { enableAutoPipelining: true });
  const records = createRedisRecords({
    client,
    isUp: () => true,
    inTime: (command) => command,
    failed() {},
    tookWrite() {},
  });
  try {
    const text = await records.find(cookieKeyOf(idIn(session.cookie)));
    const first = text === null ? null : readRecord(text);
    if (first === null) throw new Error('the session that was begun is not in Redis');
    const every = Math.max(1, Math.floor(sessions / cookiesWanted));
    const cookies: string[] = [];
    for (let added = 1; added < sessions; added += AT_ONCE) {
      const batch = Math.min(AT_ONCE, sessions - added);
      const inserts = Array.from({ length: batch }, (_one, index) => {
        const id = newCookieId();
        if ((added + index) % every === 0) cookies.push(cookieWith(id));
        const iat = Math.floor(Date.now() / 1000);
        const record = { ...first, sub: randomUUID(), sid: randomUUID(), iat };
        return records.insert(cookieKeyOf(id), writeRecord(record), first.end - iat);
      });
      await Promise.all(inserts);
    }
    return cookies;
  } finally {
    client.disconnect();
  }
}

function cookieWith(id: string): string {
  return `${NAME}=${encodeURIComponent(`s:${sign(id, COOKIE_SECRET)}`)}`;
}

function idIn(cookie: string): string {
  const value = decodeURIComponent(cookie.slice(NAME.length + 1));
  return value.slice('s:'.length, value.lastIndexOf('.'));
}
