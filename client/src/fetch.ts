import type { Access, Transport } from './access.ts';
import type { LatchkeyError } from './error.ts';
import {
  ATTEMPTS,
  answerOf,
  type Fetch,
  type Http,
  pause,
  retryAfterOf,
  unlessAborted,
  waitOf,
} from './http.ts';
import type { SharedState } from './state.ts';

const SAFE_METHODS = /^(GET|HEAD|OPTIONS)$/;

interface FetchOptions {
  readonly fetch: Fetch;
  readonly http: Http;
  readonly access: Access;
  readonly state: SharedState;
  readonly transport: Transport;
  /** Whether a URL is one of Latchkey. */
  readonly isOwn: (url: URL) => boolean;
  /** Where access tokens may be sent besides. */
  readonly origins: ReadonlySet<string>;
  /** Resolves once it is known whether a session is there. */
  readonly loaded: Promise<unknown>;
}

/** A `fetch` that signs its requests for some origins, and no others. */
export function createSignedFetch(options: FetchOptions): Fetch {
  const { fetch, http, access, state, transport, isOwn, origins, loaded } = options;

  /** What the refusal of a request by cookie says about the session. */
  async function heed(response: Response, id: number): Promise<void> {
    const code = response.ok ? undefined : await codeOf(response);
    if (code === 'session_ended' || code === 'token_missing') access.end(code, id);
    // Another tab has signed in: the page has to show whose account it is, and the change was meant for another one.
    else if (code === 'csrf_token_invalid') await access.identify().catch(() => {});
  }

  return async function signedFetch(input, init = {}) {
    // By what it has: one that a frame has made is no instance of this page's Request.
    const request = (input as Request).url ? (input as Request) : undefined;
    const url = new URL(request?.url ?? String(input), globalThis.location?.href);
    const headers = new Headers(init.headers ?? request?.headers);
    const method = (init.method ?? request?.method ?? 'GET').toUpperCase();
    const signal = init.signal ?? request?.signal;
    const isForLatchkey = isOwn(url);
    const byCookie = isForLatchkey && transport === 'cookie';
    // One with a header of its own has its reasons.
    if ((!isForLatchkey && !origins.has(url.origin)) || headers.has('authorization'))
      return fetch(input, init);
    await unlessAborted(loaded, signal);

    const isSafe = SAFE_METHODS.test(method);
    // A Request does not say what it was made from.
    const isRepeatable = request ? isSafe : !isStream(init.body);
    const { id, session } = state.current;
    /** What was meant for one account is not for the next one, which may have signed in while this was waiting. */
    const ifMeant = (credential?: string) =>
      session.user && session.user.id !== state.current.session.user?.id ? undefined : credential;
    let token: string | undefined;
    let refused: string | undefined;

    for (let attempt = 1; ; attempt++) {
      if (byCookie) {
        const csrfToken = isSafe ? undefined : await unlessAborted(access.csrfToken(), signal);
        if (csrfToken !== undefined) headers.set('X-CSRF-Token', ifMeant(csrfToken) ?? '');
      } else {
        token = ifMeant(await unlessAborted(access.token(refused), signal));
        if (token === undefined) headers.delete('Authorization');
        else headers.set('Authorization', `Bearer ${token}`);
      }
      const response = await fetch(request?.clone() ?? input, {
        ...init,
        headers,
        ...(byCookie && { credentials: 'include' }),
      });
      if (isForLatchkey) http.learn(response);

      const wait = isSafe && attempt < ATTEMPTS ? waitOf(response.status, retryAfterOf(response)) : undefined;
      if (wait !== undefined) await pause(wait, signal);
      else if (byCookie) {
        await heed(response, id);
        return response;
      } else if (
        response.status === 401 &&
        token !== undefined &&
        refused === undefined &&
        (await isStale(response))
      ) {
        refused = token;
        // Also where it is not sent again: the next request has a new one, or the session turns out to be over.
        if (!isRepeatable) {
          access.token(refused).catch(() => {});
          return response;
        }
      } else return response;
    }
  };
}

/** Of a browser or of Node: what it has given is gone. */
function isStream(body: unknown): boolean {
  const { getReader, [Symbol.asyncIterator]: iterate } = Object(body);
  return (getReader ?? iterate) !== undefined;
}

/** Whether a service takes a token no more: it has expired, or the rights in it are old, or its session is over. */
async function isStale(response: Response): Promise<boolean> {
  // RFC 6750 section 3.1. Of another origin a page may not read it unless the service says so; then there is the code.
  if (/invalid_token/.test(response.headers.get('www-authenticate') ?? '')) return true;
  return /^token_(expired|revoked|invalid)$/.test(await codeOf(response));
}

const codeOf = (response: Response): Promise<string> =>
  answerOf(response.clone()).then(String, ({ code }: LatchkeyError) => code);
