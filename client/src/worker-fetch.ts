import type { Fetch } from './http.ts';

export interface WorkerRequest {
  readonly id: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export type WorkerAnswer = { readonly id: string } & (
  | { readonly error: string }
  /** Said at once of a request that needs a refresh token; without it this is all. */
  | { readonly hasToken: boolean }
  | { readonly status: number; readonly headers: [string, string][]; readonly body: string }
);

/** A tab that has the token says so sooner, unless the browser has frozen it. */
const OTHER_TABS_TIMEOUT_MS = 2000;

/** Whether a request to this URL is one for the worker: it may carry a refresh token, or its answer may. */
export function isKept(base: string, url: string): boolean {
  const path = url.slice(base.length);
  return (
    url.startsWith(`${base}/`) &&
    // One with dots in it leads elsewhere.
    new URL(url).href === url &&
    /^\/(signup|login|otp|refresh|logout)(\/|\?|$)/.test(path)
  );
}

/**
 * A `fetch` for `createClient` whose refresh tokens stay in a worker. A SharedWorker serves all tabs. Its script imports
 * `@latchkey/client/worker`, and its name is the URL of Latchkey. A session whose worker is gone ends with the reason
 * `worker_gone`.
 */
export function workerFetch(latchkeyUrl: string, worker: Worker | SharedWorker): Fetch {
  const base = baseOf(latchkeyUrl);
  const waiting = new Map<string, (answer: WorkerAnswer) => void>();
  const port = 'port' in worker ? worker.port : worker;
  // Where each tab has a worker of its own, that of another tab may have the token of the session that they share.
  const others = 'port' in worker ? undefined : new BroadcastChannel(`latchkey-worker:${base}`);

  port.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
    const receive = waiting.get(data.id);
    if (receive) receive(data);
    // Another tab has asked. One that has not got the token leaves it to the one that has.
    else if (!('hasToken' in data && !data.hasToken)) others?.postMessage(data);
  };
  if (others)
    others.onmessage = ({ data }: MessageEvent<WorkerRequest | WorkerAnswer>) => {
      if ('url' in data) port.postMessage(data);
      else waiting.get(data.id)?.(data);
    };

  function send(request: WorkerRequest, signal?: AbortSignal | null): Promise<Response> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    return new Promise<Response>((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      waiting.set(request.id, (answer) => {
        if ('error' in answer) reject(new TypeError(answer.error));
        else if ('status' in answer) resolve(new Response(answer.body || null, answer));
        else if (answer.hasToken) clearTimeout(timer);
        else if (others) {
          others.postMessage(request);
          timer = setTimeout(() => resolve(goneAnswer()), OTHER_TABS_TIMEOUT_MS);
        } else resolve(goneAnswer());
      });
      port.postMessage(request);
    }).finally(() => {
      clearTimeout(timer);
      waiting.delete(request.id);
    });
  }

  return (input, init = {}) => {
    const { method = 'GET', body, signal } = init;
    // A worker has no cookies that could be kept.
    const takesCookies = init.credentials === 'include';
    if (takesCookies || typeof input !== 'string' || typeof body !== 'string' || !isKept(base, input))
      return fetch(input, init);
    const headers = Object.fromEntries(new Headers(init.headers));
    return send({ id: crypto.randomUUID(), url: input, method, headers, body }, signal);
  };
}

/** As `createClient` writes it. */
export const baseOf = (latchkeyUrl: string): string => new URL(latchkeyUrl).href.replace(/\/+$/, '');

/** What Latchkey would say to a token that does not exist. */
function goneAnswer(): Response {
  const problem = {
    code: 'worker_gone',
    title: 'The worker that had the refresh token is gone',
    status: 401,
  };
  return new Response(JSON.stringify(problem), problem);
}
