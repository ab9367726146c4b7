import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** What the local stand-ins for the providers of social login have in common. */

const HUGE_CHUNKS = 1024;
const HUGE_CHUNK = Buffer.alloc(64 * 1024, 'a');
const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
const CUT_SHORT = '{"access_token":"';

export interface PeerRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

/**
 * What a path answers in place of what it should: an error page of this status, nothing at all, a beginning
 * without an end, JSON that is cut short, 64 MiB of JSON, a connection that is cut, or the answer given here.
 */
export type Failure = number | 'hang' | 'stall' | 'garbage' | 'huge' | 'reset' | Answer;

export interface PeerControl {
  readonly url: string;
  readonly port: number;
  /** All that was asked, failures included. A test may empty it. */
  readonly requests: PeerRequest[];
  /** Resolves with the next request to this path. */
  readonly arrival: (path: string) => Promise<PeerRequest>;
  readonly fail: (path: string, failure: Failure) => void;
  /** Ends the failure of this path, or of all. */
  readonly recover: (path?: string) => void;
  /** Refuses connections, until it comes back on the same port. */
  readonly goDown: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The time of a peer. A test that moves it passes its own, such as that of its app. */
export interface PeerClock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: () => number;
}

export const secondsOf = (clock: PeerClock) => Math.floor(clock.now() / 1000);

type Respond = (request: PeerRequest) => Answer | undefined | Promise<Answer | undefined>;

/** An HTTP server on loopback. Where `respond` knows no answer, it is a 404. */
export async function startPeer(respond: Respond): Promise<PeerControl> {
  const requests: PeerRequest[] = [];
  const failures = new Map<string, Failure>();
  const arrivals = new EventEmitter();

  async function answerTo(request: PeerRequest): Promise<Answer> {
    try {
      return (await respond(request)) ?? errorPage(404);
    } catch (error) {
      return { status: 500, body: String(error) };
    }
  }

  const server = createServer(async (req, res) => {
    res.on('error', () => {});
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://peer');
    const body = await text(req).catch(() => undefined);
    if (body === undefined) return;
    const request = {
      method: req.method ?? '',
      path: pathname,
      query: searchParams,
      headers: req.headers,
      body,
    };
    requests.push(request);
    arrivals.emit(pathname, request);
    const failure = failures.get(pathname);
    if (failure === undefined) send(res, await answerTo(request));
    else await fail(res, failure);
  });

  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function goDown(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  const port = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    async arrival(path) {
      const [request] = await once(arrivals, path);
      return request;
    },
    fail: (path, failure) => {
      failures.set(path, failure);
    },
    recover(path) {
      if (path === undefined) failures.clear();
      else failures.delete(path);
    },
    goDown,
    async comeBack() {
      if (!server.listening) await listen(port);
    },
    stop: goDown,
  };
}

function send(res: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  res.writeHead(status, headers).end(body);
}

async function fail(res: ServerResponse, failure: Failure): Promise<void> {
  if (failure === 'hang') return;
  if (failure === 'reset') res.socket?.resetAndDestroy();
  else if (failure === 'huge') await sendHuge(res);
  else if (failure === 'stall') res.writeHead(200, JSON_HEADERS).write(CUT_SHORT);
  else if (failure === 'garbage') send(res, { status: 200, headers: JSON_HEADERS, body: CUT_SHORT });
  else send(res, typeof failure === 'number' ? errorPage(failure) : failure);
}

async function sendHuge(res: ServerResponse): Promise<void> {
  function* chunks() {
    yield '{"padding":"';
    for (let sent = 0; sent < HUGE_CHUNKS; sent++) yield HUGE_CHUNK;
    yield '"}';
  }
  res.writeHead(200, JSON_HEADERS);
  // A reader may have had enough.
  await pipeline(Readable.from(chunks()), res).catch(() => {});
}

export function json(content: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { ...JSON_HEADERS, ...headers },
    body: JSON.stringify(content),
  };
}

export function page(content: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: content };
}

export const errorPage = (status: number, reason = `Error ${status}`): Answer =>
  page(`<!doctype html><title>Error</title><h1>${escapeHtml(reason)}</h1>`, status);

/** What a browser sees before a test has signed a person in, which takes no page. */
export const signInPage = (): Answer => page('<!doctype html><title>Sign in</title><h1>Sign in</h1>');

export type Parameters = Record<string, string | null | undefined>;

export type ResponseMode = 'query' | 'fragment' | 'form_post';

/** Takes the browser back to the client with these parameters. Those without a value are left out. */
export function sendBack(uri: string, parameters: Parameters, mode: ResponseMode = 'query'): Answer {
  const given = presentOf(parameters);
  if (mode === 'form_post') return formPost(uri, given);
  const location = new URL(uri);
  if (mode === 'fragment') location.hash = new URLSearchParams(given).toString();
  else for (const [name, value] of given) location.searchParams.append(name, value);
  return { status: 302, headers: { location: location.href } };
}

const presentOf = (parameters: Parameters): [string, string][] =>
  Object.entries(parameters).flatMap(([name, value]) => (value == null ? [] : [[name, value]]));

/** As OAuth 2.0 Form Post Response Mode has it. */
function formPost(uri: string, fields: readonly [string, string][]): Answer {
  const inputs = fields.map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return page(
    `<!doctype html><title>Continue</title><form method="post" action="${escapeHtml(uri)}">${inputs.join('')}` +
      '<noscript><button>Continue</button></noscript></form><script>document.forms[0].submit()</script>',
  );
}

/** The form that a page of `form_post` sends, for a test without a browser. */
export function readFormPost(html: string): { readonly action: string; readonly fields: URLSearchParams } {
  const [, action = ''] = /<form method="post" action="([^"]*)">/.exec(html) ?? [];
  const fields = new URLSearchParams();
  for (const [, name = '', value = ''] of html.matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)">/g,
  )) {
    fields.append(unescapeHtml(name), unescapeHtml(value));
  }
  return { action: unescapeHtml(action), fields };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeHtml = (content: string) => content.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

const unescapeHtml = (content: string) =>
  Object.entries(ENTITIES).reduceRight((rest, [plain, entity]) => rest.replaceAll(entity, plain), content);

export const formOf = ({ body }: PeerRequest) => new URLSearchParams(body);

export interface Credentials {
  readonly id: string | null;
  readonly secret: string | null;
}

/** By client_secret_basic, or else by client_secret_post. */
export function credentialsOf(request: PeerRequest): Credentials {
  const [, encoded] = /^Basic (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (encoded === undefined) return postedCredentialsOf(formOf(request));
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return { id: formDecode(id), secret: formDecode(secret.join(':')) };
}

export const postedCredentialsOf = (form: URLSearchParams): Credentials => ({
  id: form.get('client_id'),
  secret: form.get('client_secret'),
});

/** RFC 6749 section 2.3.1 encodes both parts as a form does. */
const formDecode = (part: string) => decodeURIComponent(part.replaceAll('+', ' '));

export function bearerOf({ headers }: PeerRequest): string | undefined {
  return /^(?:Bearer|token) (.+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** The scopes of a request, which some providers separate by commas. */
export const scopesOf = (query: URLSearchParams): string[] =>
  (query.get('scope') ?? '').split(/[ ,]+/).filter((scope) => scope !== '');

export const newSecret = (prefix = '') => `${prefix}${randomBytes(24).toString('hex')}`;

export interface Challenge {
  readonly value: string;
  readonly method: string;
}

/** RFC 7636: without a method the challenge is the verifier itself. */
export function challengeOf(query: URLSearchParams): Challenge | undefined {
  const value = query.get('code_challenge');
  return value === null ? undefined : { value, method: query.get('code_challenge_method') ?? 'plain' };
}

/** Whether the verifier is that of the challenge. Anything is where no challenge was sent. */
export function verifies(challenge: Challenge | undefined, verifier: string | null): boolean {
  if (challenge === undefined) return true;
  if (verifier === null) return false;
  const value =
    challenge.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  return value === challenge.value;
}

/** What became of a code: it is redeemed once, and within its time. */
export type Redemption<Grant> =
  | { readonly grant: Grant }
  | { readonly problem: 'unknown' | 'redeemed' | 'expired' };

export function createCodes<Grant>(clock: PeerClock, lifetimeSeconds: number) {
  const issued = new Map<string, { grant: Grant; expiresAt: number; redeemed: boolean }>();
  return {
    issue(grant: Grant, code = newSecret()): string {
      issued.set(code, { grant, expiresAt: secondsOf(clock) + lifetimeSeconds, redeemed: false });
      return code;
    },
    redeem(code: string | null): Redemption<Grant> {
      const found = issued.get(code ?? '');
      if (found === undefined) return { problem: 'unknown' };
      if (found.redeemed) return { problem: 'redeemed' };
      if (found.expiresAt <= secondsOf(clock)) return { problem: 'expired' };
      found.redeemed = true;
      return { grant: found.grant };
    },
  };
}
