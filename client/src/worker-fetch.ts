import type { Fetch } from './http.ts';

export interface WorkerRequest {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export type WorkerAnswer = { readonly id: number } & (
  | { readonly error: string }
  | { readonly status: number; readonly headers: [string, string][]; readonly body: string }
);

/** Whether a request to this URL is one for the worker: it may carry a refresh token, or its answer may. */
export function isKept(base: string, url: string): boolean {
  return (
    url.startsWith(`${base}/`) && /^\/(signup|login|otp|refresh|logout)(\/|\?|$)/.test(url.slice(base.length))
  );
}

/**
 * A `fetch` for `createClient` whose refresh tokens stay in a worker. A SharedWorker serves all tabs. Its script imports
 * `@latchkey/client/worker`, and its name is the URL of Latchkey.
 */
export function workerFetch(base: string, worker: Worker | SharedWorker): Fetch {
  const port = 'port' in worker ? worker.port : worker;
  const waiting = new Map<number, (answer: WorkerAnswer) => void>();
  port.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => waiting.get(data.id)?.(data);
  let last = 0;

  return async (input, init = {}) => {
    const { method = 'GET', body } = init;
    // A worker has no cookies of its own to be known by.
    const isForCookie = init.credentials === 'include';
    if (isForCookie || typeof input !== 'string' || typeof body !== 'string' || !isKept(base, input))
      return fetch(input, init);
    const id = ++last;
    const headers = Object.fromEntries(new Headers(init.headers));
    const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
      waiting.set(id, resolve);
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
      port.postMessage({ id, url: input, method, headers, body } satisfies WorkerRequest);
    }).finally(() => waiting.delete(id));
    if ('error' in answer) throw new TypeError(answer.error);
    return new Response(answer.body || null, { status: answer.status, headers: answer.headers });
  };
}
