import { type JsonAnswer, requestJson } from './http.ts';
import type { Revocation } from './revocations.ts';

export interface FeedClientOptions {
  /** The feed: the URL of the auth service followed by /revocations. */
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly signal: AbortSignal;
}

/** A page of the feed. */
export interface FeedPage {
  readonly revocations: readonly Revocation[];
  readonly cursor: string;
  /** Whether that was all there is at present. */
  readonly isComplete: boolean;
  /** How old the service's own knowledge was when it answered. */
  readonly lagMilliseconds: number;
  /** For how long it waited before it answered. */
  readonly waitedMilliseconds: number;
  /** The service's clock, in milliseconds since 1970. */
  readonly nowMilliseconds: number;
}

/** The service answered with a refusal. */
export class FeedRefusal extends Error {
  readonly status: number;
  readonly retryAfterSeconds: number;
  /** What it means; undefined where it may pass by itself. */
  readonly meaning: Meaning | undefined;

  constructor(what: string, { status, body, retryAfterSeconds }: JsonAnswer, meanings: Meanings) {
    super(`${what} answered ${status}${explanationIn(body)}`);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
    this.meaning = meanings[status];
  }
}

/** The configuration has to be changed; or the cursor is too old or not understood, and a snapshot is needed. */
type Meaning = 'final' | 'cursor_gone';
type Meanings = Readonly<Record<number, Meaning>>;

/** A token that has just been revoked is a 401 too, and the next one may be valid. */
const OF_FEED: Meanings = { 400: 'cursor_gone', 403: 'final', 404: 'final', 410: 'cursor_gone' };
const OF_TOKEN: Meanings = { 400: 'final', 401: 'final', 403: 'final', 404: 'final' };
const TIMEOUT_MILLISECONDS = 5_000;
const SCOPE = 'revocations:read';
const KINDS_WITH_TIME: readonly string[] = ['user', 'rights', 'role'] satisfies Revocation['kind'][];
const KINDS: readonly string[] = [...KINDS_WITH_TIME, ...(['session', 'key'] satisfies Revocation['kind'][])];
/** Tokens are replaced this long before they expire. */
const RENEWAL_MILLISECONDS = 30_000;

/** Reads the feed as a machine client (RFC 6749 section 4.4). */
export function createFeedClient({ url, clientId, clientSecret, signal }: FeedClientOptions) {
  const tokenUrl = new URL('oauth/token', url);
  let token: { readonly text: string; readonly renewAt: number } | undefined;

  /**
   * The page after `cursor`, for which the service waits the given number of seconds; the first one without it.
   * @throws FeedRefusal; Error where there is no answer or an incomprehensible one
   */
  async function read(cursor: string | undefined, waitSeconds: number): Promise<FeedPage> {
    const page = new URL(url);
    if (cursor !== undefined) {
      page.searchParams.set('after', cursor);
      page.searchParams.set('wait', String(waitSeconds));
    }
    const answer = await requestJson(page, {
      headers: { Authorization: `Bearer ${await accessToken()}` },
      timeoutMilliseconds: waitSeconds * 1000 + TIMEOUT_MILLISECONDS,
      signal,
    });
    if (answer.status === 200) return toPage(answer);
    if (answer.status === 401) token = undefined;
    throw new FeedRefusal('The feed', answer, OF_FEED);
  }

  async function accessToken(): Promise<string> {
    if (token !== undefined && performance.now() < token.renewAt) return token.text;
    const answer = await requestJson(tokenUrl, {
      method: 'POST',
      headers: {
        Authorization: basic(clientId, clientSecret),
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE }).toString(),
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      signal,
    });
    const { access_token: text, expires_in: seconds } = asRecord(answer.body);
    if (answer.status !== 200) throw new FeedRefusal('The token endpoint', answer, OF_TOKEN);
    if (typeof text !== 'string' || typeof seconds !== 'number') {
      throw new Error('the token endpoint answered without a token');
    }
    token = { text, renewAt: performance.now() + seconds * 1000 - RENEWAL_MILLISECONDS };
    return text;
  }

  return { read };
}

/** RFC 6749 section 2.3.1: both parts are form-encoded. */
function basic(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}

function toPage({ body, waitedMilliseconds }: JsonAnswer): FeedPage {
  const { events, cursor, more, lag_milliseconds, now } = asRecord(body);
  const nowMilliseconds = Date.parse(String(now));
  const isPage =
    Array.isArray(events) &&
    typeof cursor === 'string' &&
    typeof more === 'boolean' &&
    isDuration(lag_milliseconds) &&
    !Number.isNaN(nowMilliseconds);
  if (!isPage) throw incomprehensible();
  return {
    revocations: events.flatMap(toRevocation),
    cursor,
    isComplete: !more,
    lagMilliseconds: lag_milliseconds,
    waitedMilliseconds,
    nowMilliseconds,
  };
}

/** Kinds that a later version adds concern claims that this one does not know. */
function toRevocation(event: unknown): Revocation[] {
  const { kind, id, not_before, expires_at } = asRecord(event);
  if (typeof kind !== 'string' || typeof id !== 'string') throw incomprehensible();
  if (!KINDS.includes(kind)) return [];
  const expiresAt = new Date(String(expires_at));
  const notBefore = not_before === undefined ? null : new Date(String(not_before));
  const times = [expiresAt, ...(notBefore === null ? [] : [notBefore])];
  const isWhole = notBefore !== null || !KINDS_WITH_TIME.includes(kind);
  // An event that is half understood could let a revoked token pass.
  if (!isWhole || times.some((time) => Number.isNaN(time.getTime()))) throw incomprehensible();
  return [{ kind: kind as Revocation['kind'], subjectId: id, notBefore, expiresAt }];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function incomprehensible(): Error {
  return new Error('the feed answered with an invalid page');
}

/** The explanation in a problem document (RFC 9457) or in an error of RFC 6749 section 5.2. */
function explanationIn(body: unknown): string {
  const { code, detail, error, error_description } = asRecord(body);
  if (error === 'invalid_scope') return `, invalid_scope: the client lacks the permission ${SCOPE}`;
  const parts = [code ?? error, detail ?? error_description].filter((part) => typeof part === 'string');
  return parts.length === 0 ? '' : `, ${parts.join(': ')}`;
}
