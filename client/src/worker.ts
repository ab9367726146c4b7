import { isKept, type WorkerAnswer, type WorkerRequest } from './worker-fetch.ts';

/*
 * Runs in a worker, whose name is the URL of Latchkey: sends the requests that begin, renew and end a session, and keeps
 * their refresh tokens. The page gets a handle in place of each, good in this worker alone.
 */

interface WorkerScope {
  readonly name: string;
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  /** Of a SharedWorker. */
  onconnect: ((event: MessageEvent) => void) | null;
  postMessage(answer: WorkerAnswer): void;
}

const scope = self as unknown as WorkerScope;
const base = scope.name;
/** The one before may be shown again where an answer was lost; older ones are good for nothing. */
const KEPT = 10;
const tokens = new Map<string, string>();

scope.onmessage = async ({ data }) => scope.postMessage(await send(data));
scope.onconnect = ({ ports: [port] }) => {
  if (port) port.onmessage = async ({ data }) => port.postMessage(await send(data));
};

async function send({ id, url, method, headers, body }: WorkerRequest): Promise<WorkerAnswer> {
  // A script that got into the page could have a token sent elsewhere.
  if (!isKept(base, url)) return { id, error: `this worker sends nothing to ${url}` };
  try {
    // A redirect could lead elsewhere as well.
    const init: RequestInit = {
      method,
      headers,
      body: unsealed(body),
      redirect: 'error',
      credentials: 'omit',
    };
    const response = await fetch(url, init);
    const text = sealed(await response.text());
    return { id, status: response.status, headers: [...response.headers], body: text };
  } catch (error) {
    return { id, error: String(error) };
  }
}

/** The body with the token for the handle in it. A handle of a worker that is gone is refused by Latchkey. */
function unsealed(body: string): string {
  const json = JSON.parse(body);
  return JSON.stringify({
    ...json,
    ...(json.refresh_token && { refresh_token: tokens.get(json.refresh_token) ?? 'gone' }),
  });
}

/** The body with a handle for the token in it: the same for the same token, as where an answer is repeated. */
function sealed(body: string): string {
  if (!body.startsWith('{')) return body;
  const json = JSON.parse(body);
  if (json.refresh_token === undefined) return body;
  const known = [...tokens].find(([, token]) => token === json.refresh_token);
  const handle = known?.[0] ?? crypto.randomUUID();
  tokens.set(handle, json.refresh_token);
  if (tokens.size > KEPT) tokens.delete([...tokens.keys()][0] as string);
  return JSON.stringify({ ...json, refresh_token: handle });
}
