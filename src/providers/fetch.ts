import { oneLine } from './errors.ts';

/** For a whole request, its answer included. */
const TIMEOUT_MILLISECONDS = 10_000;
/** Discovery documents, keys and profiles take a few kilobytes. */
const MAX_ANSWER_BYTES = 262_144;

/** An answer that cannot be used. */
class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
}

/** As fetch, but for the time and the bytes that an answer may take. */
export type BoundedFetch = (url: string, options?: RequestInit) => Promise<Response>;

/** Starts the time that a request may take. The signal aborts it at the end. */
export type StartTimeout = () => AbortSignal;

export const startTimeout: StartTimeout = () => AbortSignal.timeout(TIMEOUT_MILLISECONDS);

/** Makes the fetch for providers. Redirects are not followed, and an answer with status 200 is JSON. */
export function createBoundedFetch(start: StartTimeout): BoundedFetch {
  return async (url, options = {}) => {
    const timeout = start();
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const response = await fetch(url, { ...options, redirect: 'manual', signal });
    const bytes = await readBounded(response);
    const { status, headers } = response;
    if (status === 200) requireJson(bytes);
    // Such an answer may have no body, not even an empty one.
    return new Response([204, 205, 304].includes(status) ? null : bytes, {
      status,
      headers: withoutEncoding(headers),
    });
  };
}

async function readBounded({ body }: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new UnreadableAnswer(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A request that a provider has answered with another status than 200. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
  readonly status: number;
  /** In the words of the provider; empty without any. */
  readonly reason: string;

  constructor(url: string, status: number, reason: string) {
    super(`GET ${new URL(url).pathname} answers ${status}${reason === '' ? '' : `: ${reason}`}`);
    this.status = status;
    this.reason = reason;
  }
}

/** The answer itself. @throws RefusedRequest where its status is any but 200 */
export async function requireOk(response: Response, url: string): Promise<Response> {
  if (response.status === 200) return response;
  const answer = Object(await response.json().catch(() => null));
  throw new RefusedRequest(url, response.status, oneLine(messageIn(answer)));
}

/** The message in an error of GitHub or of Facebook; empty without one. */
export function messageIn({
  message,
  error,
}: {
  readonly message?: unknown;
  readonly error?: unknown;
}): string {
  const text = message ?? Object(error).message;
  return typeof text === 'string' ? text : '';
}

/** The error of the parser would quote the text, which may hold a token, in the log. */
function requireJson(bytes: Buffer): void {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new UnreadableAnswer('the answer is no JSON');
  }
}

/** fetch has decoded the bytes already, so these headers no longer hold. */
function withoutEncoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name);
  return kept;
}
