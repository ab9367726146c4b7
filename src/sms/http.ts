/** One request in all, its answer included. */
const TIMEOUT_MILLISECONDS = 10_000;
/** What is read of an answer, which is for the log alone. */
const MAX_ANSWER_BYTES = 16_384;

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
}

/** Posts once, within ten seconds. Redirects are not followed: what is sent is for the configured host alone. */
export async function post(url: string, headers: Record<string, string>, body: string): Promise<PostAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  return { status: response.status, text: await readBeginning(response) };
}

async function readBeginning({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop closes the connection.
    if (length >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Not found, not allowed, too slow, too many: that is about how the service asks, or when, and not about the message. */
const ANOTHER_TIME: readonly number[] = [401, 403, 404, 405, 407, 408, 425, 429];

/** Whether another attempt at the same message would be refused in the same way. */
export function isRefusedForGood(status: number): boolean {
  return status >= 400 && status < 500 && !ANOTHER_TIME.includes(status);
}
