/** One request in all, its answer included. */
export const TIMEOUT_MILLISECONDS = 10_000;
/** Discovery documents, keys and profiles take a few kilobytes. */
const MAX_ANSWER_BYTES = 262_144;

/** An answer that is longer than any that is right. */
class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/** As fetch, but for the time and the bytes that an answer may take. */
export type BoundedFetch = (url: string, options?: RequestInit) => Promise<Response>;

/** Begins the time of a request, which ends when the signal is aborted. */
export type StartTimeout = () => AbortSignal;

export const startTimeout: StartTimeout = () => AbortSignal.timeout(TIMEOUT_MILLISECONDS);

/** Makes the fetch for providers. Redirects are not followed. */
export function createBoundedFetch(start: StartTimeout): BoundedFetch {
  return async (url, options = {}) => {
    const timeout = start();
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const response = await fetch(url, { ...options, redirect: 'manual', signal });
    const bytes = await readBounded(response);
    const { status, headers } = response;
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
      throw new AnswerTooLarge(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The answer itself. @throws Error where its status is any but 200 */
export function requireOk(response: Response, url: string): Response {
  const { status } = response;
  if (status === 200) return response;
  throw Object.assign(new Error(`GET ${new URL(url).pathname} answers ${status}`), { status });
}

/** The bytes have been decoded. */
function withoutEncoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name);
  return kept;
}
