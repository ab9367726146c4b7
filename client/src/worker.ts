import { baseOf, isKept, type WorkerAnswer, type WorkerRequest } from './worker-fetch.ts';

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

type Reply = (answer: WorkerAnswer) => void;

const scope = self as unknown as WorkerScope;
const base = baseOf(scope.name);
/** The one before may be shown again where an answer was lost; older ones are good for nothing. */
const KEPT = 10;
const tokens = new Map<string, string>();

scope.onmessage = ({ data }) => answer(data, (message) => scope.postMessage(message));
scope.onconnect = ({ ports: [port] }) => {
  if (port) port.onmessage = ({ data }) => answer(data, (message) => port.postMessage(message));
};

async function answer({ id, url, method, headers, body }: WorkerRequest, reply: Reply): Promise<void> {
  // A script that got into the page could have a token sent elsewhere.
  if (!isKept(base, url)) return reply({ id, error: `this worker sends nothing to ${url}` });
  try {
    const json = JSON.parse(body);
    const handle: string | undefined = json.refresh_token;
    if (handle !== undefined) {
      const token = tokens.get(handle);
      reply({ id, hasToken: token !== undefined });
      if (token === undefined) return;
      json.refresh_token = token;
    }
    // A redirect could lead elsewhere as well.
    const init: RequestInit = {
      method,
      headers,
      body: JSON.stringify(json),
      redirect: 'error',
      credentials: 'omit',
    };
    const response = await fetch(url, init);
    const text = sealed(await response.text());
    reply({ id, status: response.status, headers: [...response.headers], body: text });
  } catch (error) {
    reply({ id, error: String(error) });
  }
}

/** The body with handles for the tokens in it, wherever they are; the same for the same token, as where an answer is repeated. */
function sealed(body: string): string {
  const token: string | undefined = body.startsWith('{') ? JSON.parse(body).refresh_token : undefined;
  if (token !== undefined && ![...tokens.values()].includes(token)) tokens.set(crypto.randomUUID(), token);
  if (tokens.size > KEPT) tokens.delete([...tokens.keys()][0] as string);
  return [...tokens].reduce((text, [handle, token]) => text.replaceAll(token, handle), body);
}
