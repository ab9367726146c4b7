export interface JsonRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMilliseconds: number;
  /** Aborts the request before its timeout. */
  readonly signal: AbortSignal;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined where the answer is no JSON. */
  readonly body: unknown;
  /** Seconds after which the server wants to be asked again; 0 where it does not say. */
  readonly retryAfterSeconds: number;
  /** For how long the server says that it waited before it answered; 0 where it does not say. */
  readonly waitedMilliseconds: number;
}

const MAX_BYTES = 8 * 2 ** 20;
const WAIT_TIMING = /\bwait;dur=(\d{1,9})\b/;

/**
 * Asks a server for JSON. Redirects are not followed: what is asked for is where the operator says.
 * @throws Error where there is no answer in time, or one of more than 8 MB
 */
export async function requestJson(url: URL, request: JsonRequest): Promise<JsonAnswer> {
  const { timeoutMilliseconds, signal, ...init } = request;
  // Not AbortSignal.any, which some versions of Node keep for as long as its longest-lived part.
  const controller = new AbortController();
  const giveUp = (reason: unknown) => controller.abort(reason);
  const onAbort = () => giveUp(signal.reason);
  const timer = setTimeout(giveUp, timeoutMilliseconds, new Error(`nothing in ${timeoutMilliseconds} ms`));
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    const response = await fetch(url, { ...init, redirect: 'error', signal: controller.signal });
    const body = parseJson(await readText(response));
    const retryAfterSeconds = Number(response.headers.get('retry-after') ?? 0) || 0;
    const waited = WAIT_TIMING.exec(response.headers.get('server-timing') ?? '')?.[1];
    const waitedMilliseconds = Number(waited ?? 0);
    return { status: response.status, body, retryAfterSeconds, waitedMilliseconds };
  } catch (error) {
    throw new Error(`${url.origin}${url.pathname} did not answer: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page of some gateway: its status says enough.
    return undefined;
  }
}

/** The message of fetch says only that it failed; the reason is in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
