import { type JsonAnswer, requestJson } from './http.ts';
import type { Revocation } from './revocations.ts';

export interface FeedClientOptions {
  /** Of the feed: the URL of the auth service with /revocations behind it. */
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly signal: AbortSignal;
}

/** What the feed answers. */
export interface FeedPage {
  readonly revocations: readonly Revocation[];
  readonly cursor: string;
  /** Whether that was all there is at present. */
  readonly isComplete: boolean;
  /** How old the service's own knowledge was. */
  readonly lagMilliseconds: number;
  /** The service's clock, in milliseconds since 1970. */
  readonly nowMilliseconds: number;
}

/** The service answered, and with a refusal. */
export class FeedRefusal extends Error {
  readonly status: number;

  constructor(what: string, { status, body }: JsonAnswer) {
    super(`${what} answered ${status}${explanationIn(body)}`);
    this.status = status;
  }

  /** The cursor is too old: another snapshot is needed. */
  get isGone(): boolean {
    return this.status === 410;
  }

  /** Whoever set this up has to change something. */
  get isFinal(): boolean {
    return [400, 401, 403, 404].includes(this.status);
  }
}

const TIMEOUT_MILLISECONDS = 5_000;
const SCOPE = 'revocations:read';
const KINDS: readonly unknown[] = ['session', 'user', 'rights', 'role', 'key'] satisfies Revocation['kind'][];
/** Tokens are replaced so long before they expire. */
const RENEWAL_MILLISECONDS = 30_000;

/** Reads the feed as a machine client (RFC 6749 section 4.4). */
export function createFeedClient({ url, clientId, clientSecret, signal }: FeedClientOptions) {
  const tokenUrl = new URL('oauth/token', url);
  let token: { readonly text: string; readonly renewAt: number } | undefined;

  /**
   * The page behind `cursor`, for which the service waits so long until there is something; the first one without it.
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
    if (answer.status === 200) return toPage(answer.body);
    if (answer.status === 401) token = undefined;
    throw new FeedRefusal('The feed', answer);
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
    const { access_token: text, expires_in: seconds } = (answer.body ?? {}) as Record<string, unknown>;
    if (answer.status !== 200) throw new FeedRefusal('The token endpoint', answer);
    if (typeof text !== 'string' || typeof seconds !== 'number') {
      throw new Error('The token endpoint answered without a token');
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

function toPage(body: unknown): FeedPage {
  const { events, cursor, more, lag_milliseconds, now } = (body ?? {}) as Record<string, unknown>;
  const nowMilliseconds = Date.parse(String(now));
  if (!Array.isArray(events) || typeof cursor !== 'string' || Number.isNaN(nowMilliseconds)) {
    throw new Error('The feed answered something that is no page of it');
  }
  return {
    revocations: events.flatMap(toRevocation),
    cursor,
    isComplete: more !== true,
    lagMilliseconds: typeof lag_milliseconds === 'number' ? lag_milliseconds : 0,
    nowMilliseconds,
  };
}

/** Kinds that a later version adds are about what this one does not look at. */
function toRevocation(event: Record<string, unknown>): Revocation[] {
  const { kind, id, not_before, expires_at } = event;
  if (!KINDS.includes(kind) || typeof id !== 'string') return [];
  const notBefore = typeof not_before === 'string' ? new Date(not_before) : null;
  return [
    { kind: kind as Revocation['kind'], subjectId: id, notBefore, expiresAt: new Date(String(expires_at)) },
  ];
}

/** Of a problem document (RFC 9457) or of RFC 6749 section 5.2. */
function explanationIn(body: unknown): string {
  const { code, detail, error, error_description } = (body ?? {}) as Record<string, unknown>;
  if (error === 'invalid_scope') return `, invalid_scope: the client lacks the permission ${SCOPE}`;
  const parts = [code ?? error, detail ?? error_description].filter((part) => typeof part === 'string');
  return parts.length === 0 ? '' : `, ${parts.join(': ')}`;
}
