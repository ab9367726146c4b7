import type { IncomingMessage } from 'node:http';
import { serialize } from 'cookie';
import { sign, unsign } from 'cookie-signature';
import type { Request, Response } from 'express';
import { isWithinDomain } from '../config/cookie-domain.ts';
import type { SessionCookie } from '../core/cookie-sessions/cookie-sessions.ts';
import { AppError } from '../core/errors.ts';
import { randomBytes } from '../core/values/random.ts';
import type { AllowedOrigins } from './allowed-origins.ts';

export interface CookieOptions {
  readonly domain: string | undefined;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** The first signs, all of them verify. */
  readonly secrets: readonly [string, ...string[]];
  /** Whether a cookie is set over HTTPS only. */
  readonly requireHttps: boolean;
  readonly isAllowed: AllowedOrigins;
  readonly publicUrl: string;
}

/** What a cookie holds, and for how long a browser keeps it. */
interface CookieContent {
  readonly value: string;
  readonly maxAgeSeconds: number;
}

export type Cookies = ReturnType<typeof createCookies>;

const NAME = 'latchkey';
const HOST_PREFIX = '__Host-';
const DEVICE_SUFFIX = '-device';
const LINKS_SUFFIX = '-links';
const BROWSER_SUFFIX = '-browser';
/** Followed by the id of what is pending. */
const PENDING_SUFFIX = '-pending-';
/** The ids of what is pending for the user of the browser begin so. Others are random, and have no dot. */
export const OF_USER = 'user.';
/** How many may be pending in one browser, such as in several tabs. */
const MAX_PENDING = 4;
/** In all of its requests. Some proxies take eight kilobytes of headers, and one with a long URL takes three. */
const MAX_PENDING_BYTES = 6_000;
/** As this service makes them. Another text could be no part of the name of a cookie that is set. */
const PENDING_ID = /^(?:user\.)?[\w-]+$/;
/** As `nameBrowser` makes them. */
const BROWSER_ID = /^[\w-]{22}$/;
const BROWSER_ID_BYTES = 16;
/** Longer than a form stays open. What is bound to the name of a browser has a time limit of its own. */
const BROWSER_MAX_AGE_SECONDS = 86_400;
/** The links that a browser has asked for, the latest first. */
const MAX_LINKS = 4;
/** The longest that browsers keep a cookie. */
const DEVICE_MAX_AGE_SECONDS = 400 * 86_400;
/** How express-session marks a value that is signed. */
const SIGNED_PREFIX = 's:';
/** More cookies of one name are ignored. */
const MAX_VALUES = 8;

const NEEDS_ONE_SITE =
  'The page is on another site than this service, so the browser would drop the cookie: localhost and 127.0.0.1 are two sites, app.example.com and auth.example.com are one. Serve both on one site';
const NEEDS_SAME_SITE = `${NEEDS_ONE_SITE}, or set COOKIE_SAMESITE=none.`;
const NEEDS_HTTPS =
  'The cookie is for HTTPS, and this request came over HTTP. Behind a proxy that ends TLS, TRUST_PROXY has to name it and X-Forwarded-Proto has to say https.';

/**
 * The cookie of a session and that of a device. A browser takes a name that begins with `__Host-` from this very host
 * over HTTPS alone, so that neither another subdomain nor a network in between can plant one (RFC 6265bis section
 * 4.1.3.2). The value is written as express-session writes it.
 */
export function createCookies(options: CookieOptions) {
  const { domain, sameSite, secrets, requireHttps, isAllowed, publicUrl } = options;
  const secureName = `${domain === undefined ? HOST_PREFIX : '__Secure-'}${NAME}`;
  const names = requireHttps ? [secureName] : [secureName, NAME];
  /** What this host alone reads back is of this host alone. */
  const hostNames = requireHttps ? [HOST_PREFIX + NAME] : [HOST_PREFIX + NAME, NAME];
  const namesWith = (suffix: string) => names.map((name) => name + suffix);
  const deviceNames = namesWith(DEVICE_SUFFIX);
  const linksNames = namesWith(LINKS_SUFFIX);
  const browserNames = namesWith(BROWSER_SUFFIX);
  const publicOrigin = new URL(publicUrl).origin;
  /** Of cookies that have to come along when another site leads here: a mail program in a browser, or a provider. */
  const arrivingSameSite = sameSite === 'strict' ? 'lax' : sameSite;

  /**
   * The ids in the cookies of a request that are signed, each once; undefined where no cookie of that name came along.
   * There may be several: of another path, or left over from another setting.
   */
  function sessionIds(req: IncomingMessage): readonly string[] | undefined {
    const values = valuesOf(req, names);
    if (values.length === 0) return undefined;
    return [...new Set(values.flatMap((value) => idIn(value) ?? []))];
  }

  /** Whether the browser may have a session whose cookie it withholds, since another site has led here (SameSite=Strict). */
  function mayBeWithheld(req: IncomingMessage): boolean {
    const isLedHere = req.headers['sec-fetch-site'] === 'cross-site';
    return sameSite === 'strict' && isLedHere && sessionIds(req) === undefined;
  }

  function idIn(value: string): string | undefined {
    if (!value.startsWith(SIGNED_PREFIX)) return undefined;
    for (const secret of secrets) {
      const id = unsign(value.slice(SIGNED_PREFIX.length), secret);
      if (id !== false) return id;
    }
    return undefined;
  }

  /** The token of the device of a request. */
  function deviceToken(req: IncomingMessage): string | undefined {
    return valuesOf(req, deviceNames)[0];
  }

  /** @throws AppError cookie_not_settable where the browser would drop the cookie */
  function requireSettable(req: Request, needed = sameSite, needsSameSite = NEEDS_SAME_SITE): void {
    if (!req.secure && (requireHttps || needed === 'none'))
      throw new AppError('cookie_not_settable', NEEDS_HTTPS);
    if (needed !== 'none' && isFetchedFromOtherSite(req))
      throw new AppError('cookie_not_settable', needsSameSite);
    if (domain === undefined) return;
    const host = req.hostname?.toLowerCase() ?? '';
    if (!isWithinDomain(host, domain))
      throw new AppError('cookie_not_settable', `The cookie is for ${domain}, and this host is ${host}.`);
  }

  function setSession(req: Request, res: Response, { cookieId, maxAgeSeconds }: SessionCookie): void {
    const value = SIGNED_PREFIX + sign(cookieId, secrets[0]);
    res.append('Set-Cookie', serializeCookie(req, '', { value, maxAgeSeconds }));
  }

  function setDevice(req: Request, res: Response, value: string): void {
    res.append(
      'Set-Cookie',
      serializeCookie(req, DEVICE_SUFFIX, { value, maxAgeSeconds: DEVICE_MAX_AGE_SECONDS }),
    );
  }

  /** The ids of the sign-in links that this browser has asked for. */
  function linkIds(req: IncomingMessage): readonly string[] {
    const [value = ''] = valuesOf(req, linksNames);
    return value.split('.').slice(0, MAX_LINKS);
  }

  /** Has the browser remember that it asked for a link, if it would keep that. */
  function rememberLink(req: Request, res: Response, id: string, maxAgeSeconds: number): void {
    if (requireHttps && !req.secure) return;
    const value = [id, ...linkIds(req).filter((known) => known !== '' && known !== id)].slice(0, MAX_LINKS);
    const content = { value: value.join('.'), maxAgeSeconds };
    res.append('Set-Cookie', serializeCookie(req, LINKS_SUFFIX, content, arrivingSameSite));
  }

  /** The name that this browser was given, for as long as it keeps it. */
  function browserId(req: IncomingMessage): string | undefined {
    return valuesOf(req, browserNames).find((value) => BROWSER_ID.test(value));
  }

  /**
   * Gives the browser a random name, or has it keep the one that it has for longer: several tabs have the same, also where
   * another site has led to one of them.
   * @throws AppError cookie_not_settable where the browser would drop the cookie
   */
  function nameBrowser(req: Request, res: Response): string {
    requireSettable(req);
    const value = browserId(req) ?? randomBytes(BROWSER_ID_BYTES).toString('base64url');
    const content = { value, maxAgeSeconds: BROWSER_MAX_AGE_SECONDS };
    res.append('Set-Cookie', serializeCookie(req, BROWSER_SUFFIX, content, arrivingSameSite));
    return value;
  }

  /** The value that this browser has kept under an id while something is pending. */
  function pending(req: IncomingMessage, id: string): string | undefined {
    return valuesOf(
      req,
      hostNames.map((name) => name + PENDING_SUFFIX + id),
    )[0];
  }

  /**
   * Keeps a value in the browser until another site leads it back here. The cookie is lax whatever COOKIE_SAMESITE says: a
   * strict one would not come along then. Where there are too many, the oldest go: browsers send them in the order in which
   * they were set (RFC 6265 section 5.4).
   * @throws AppError cookie_not_settable where the browser would drop the cookie
   */
  function setPending(
    req: Request,
    res: Response,
    id: string,
    { value, maxAgeSeconds }: CookieContent,
  ): void {
    requireSettable(req, 'lax', `${NEEDS_ONE_SITE}.`);
    let bytes = value.length;
    for (const [index, known] of pendingBefore(req).entries()) {
      bytes += known.bytes;
      if (index + 1 >= MAX_PENDING || bytes > MAX_PENDING_BYTES) clearPending(req, res, known.id);
    }
    res.append('Set-Cookie', serializePending(req, id, { value, maxAgeSeconds }));
  }

  function clearPending(req: Request, res: Response, id: string): void {
    res.append('Set-Cookie', serializePending(req, id, { value: '', maxAgeSeconds: 0 }));
  }

  function serializePending(req: Request, id: string, { value, maxAgeSeconds }: CookieContent): string {
    const secure = req.secure || requireHttps;
    const options = { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge: maxAgeSeconds } as const;
    return serialize((secure ? HOST_PREFIX : '') + NAME + PENDING_SUFFIX + id, value, options);
  }

  /** The latest first. */
  function pendingBefore({ headers: { cookie = '' } }: IncomingMessage) {
    const prefixes = hostNames.map((name) => name + PENDING_SUFFIX);
    const found = cookie.split(';').flatMap((pair) => {
      const name = pair.slice(0, pair.indexOf('=')).trim();
      const prefix = prefixes.find((one) => name.startsWith(one));
      const id = name.slice(prefix?.length);
      return prefix !== undefined && PENDING_ID.test(id) ? [{ id, bytes: pair.length }] : [];
    });
    return found.reverse();
  }

  /** Makes the browser forget the cookie of its session, and what is pending for its user. */
  function clearSession(req: Request, res: Response): void {
    // In place of a renewed one.
    res.set('Set-Cookie', serializeCookie(req, '', { value: '', maxAgeSeconds: 0 }));
    clearPendingOfUser(req, res);
  }

  function clearPendingOfUser(req: Request, res: Response): void {
    for (const { id } of pendingBefore(req)) if (id.startsWith(OF_USER)) clearPending(req, res, id);
  }

  function serializeCookie(
    req: Request,
    suffix: string,
    { value, maxAgeSeconds }: CookieContent,
    cookieSameSite = sameSite,
  ): string {
    const secure = req.secure || requireHttps;
    return serialize((secure ? secureName : NAME) + suffix, value, {
      httpOnly: true,
      secure,
      sameSite: cookieSameSite,
      path: '/',
      maxAge: maxAgeSeconds,
      ...(domain !== undefined && { domain }),
    });
  }

  /**
   * Whether a page that may act with the cookie of this service sent the request: one of its own origin or of an allowed
   * one. Without an Origin, Sec-Fetch-Site decides, which no script can set; undefined without both, as no browser sends
   * it.
   */
  function isFromAllowedPage(req: Request): boolean | undefined {
    const { origin, host } = req.headers;
    const site = req.headers['sec-fetch-site'];
    if (origin === undefined) return site === undefined ? undefined : site === 'same-origin';
    // What a page with Referrer-Policy: no-referrer sends, as those of this service do.
    if (origin === 'null') return site === 'same-origin';
    if (isAllowed(origin)) return true;
    const isOwn = origin === publicOrigin || origin === `${req.protocol}://${host}`;
    return isOwn && (site === undefined || site === 'same-origin');
  }

  return {
    sessionIds,
    mayBeWithheld,
    deviceToken,
    requireSettable,
    setSession,
    setDevice,
    linkIds,
    rememberLink,
    browserId,
    nameBrowser,
    pending,
    setPending,
    clearPending,
    clearPendingOfUser,
    clearSession,
    isFromAllowedPage,
  };
}

/** Whether a script of another site sends a request. Where a person follows a link to here, the page is of this service. */
function isFetchedFromOtherSite({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-mode'] !== 'navigate' && headers['sec-fetch-site'] === 'cross-site';
}

/** The values of the cookies with these names, decoded, in the order in which the browser sent them. */
function valuesOf({ headers: { cookie = '' } }: IncomingMessage, names: readonly string[]): string[] {
  if (!cookie.includes(NAME)) return [];
  const values: string[] = [];
  for (const pair of cookie.split(';')) {
    const at = pair.indexOf('=');
    if (at === -1 || !names.includes(pair.slice(0, at).trim())) continue;
    values.push(decode(pair.slice(at + 1).trim()));
    if (values.length === MAX_VALUES) break;
  }
  return values;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
