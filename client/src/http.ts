import { LatchkeyError, unreachable } from './error.ts';

const TIMEOUT_MS = 10_000;
/** A longer wait is for the caller to decide on: a page should not seem to hang. */
const LONGEST_WAIT_SECONDS = 10;
export const ATTEMPTS = 3;

export type Fetch = (input: Request | URL | string, init?: RequestInit) => Promise<Response>;

export interface Http {
  /** What the clock of the server shows, in milliseconds since 1970: that of the device may be hours off. */
  now(): number;
  /** Learns the time from an answer of the server. */
  learn(response: Response): void;
  /**
   * Sends JSON to Latchkey, with its cookies where they are the transport. Where the answer is lost, or says when to try
   * again, it asks again if it may.
   * @throws LatchkeyError what it refuses with; network_error where no answer comes within ten seconds
   */
  ask<Answer>(method: string, path: string, body?: object, options?: AskOptions): Promise<Answer>;
}

interface AskOptions {
  readonly headers?: Record<string, string>;
  /** Whether it does no harm to ask twice. */
  readonly isRepeatable?: boolean;
  /** In place of those of the transport. */
  readonly credentials?: RequestCredentials;
}

export function createHttp(base: string, credentials: RequestCredentials, fetch: Fetch): Http {
  let aheadMs = 0;

  function learn(response: Response): void {
    const date = Date.parse(response.headers.get('date') as string);
    if (date) aheadMs = date - Date.now();
  }

  async function ask(method: string, path: string, body?: object, options: AskOptions = {}): Promise<never> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await askOnce(method, path, body, options);
      } catch (error) {
        const { status, retryAfterSeconds } = error as LatchkeyError;
        const wait = status === 0 ? attempt - 1 : waitOf(status, retryAfterSeconds);
        if (!options.isRepeatable || attempt === ATTEMPTS || wait === undefined) throw error;
        await pause(wait);
      }
    }
  }

  async function askOnce(
    method: string,
    path: string,
    body: object | undefined,
    options: AskOptions,
  ): Promise<never> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const response = await fetch(base + path, {
        method,
        credentials: options.credentials ?? credentials,
        signal: abort.signal,
        headers: { ...options.headers, ...(body && { 'Content-Type': 'application/json' }) },
        body: body ? JSON.stringify(body) : null,
      });
      learn(response);
      return await answerOf(response);
    } catch (cause) {
      throw unreachable(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  return { now: () => Date.now() + aheadMs, learn, ask };
}

/**
 * The JSON of an answer; empty without a body.
 * @throws LatchkeyError what it refuses with
 */
export async function answerOf<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  let answer: object = {};
  try {
    answer = { ...JSON.parse(text) };
  } catch {
    // Empty, or the page of a proxy in between, of which the status says enough.
  }
  if (response.ok) return answer as Answer;
  throw new LatchkeyError(
    response.status,
    answer as object & Record<string, unknown>,
    retryAfterOf(response),
  );
}

/** Seconds; undefined without the header, or where it names a date, which Latchkey does not. */
export function retryAfterOf({ headers }: Response): number | undefined {
  const seconds = Number.parseInt(headers.get('retry-after') as string, 10);
  return seconds >= 0 ? seconds : undefined;
}

/** After how many seconds to send a request again; undefined where it should not be. */
export function waitOf(status: number, retryAfterSeconds = Number.POSITIVE_INFINITY): number | undefined {
  const isPassing = status === 429 || status === 503;
  return isPassing && retryAfterSeconds <= LONGEST_WAIT_SECONDS ? retryAfterSeconds : undefined;
}

/** @throws the reason of the signal, once it is aborted */
export function pause(seconds: number, signal?: AbortSignal | null): Promise<void> {
  return unlessAborted(new Promise((resolve) => setTimeout(resolve, seconds * 1000)), signal);
}

/** The same, unless the signal is aborted first: the work goes on, since others may wait for it. */
export function unlessAborted<Value>(work: Promise<Value>, signal?: AbortSignal | null): Promise<Value> {
  if (!signal) return work;
  let abort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
