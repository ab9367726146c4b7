import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Sending {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface LoadOutcome {
  readonly sent: number;
  /** What each request met that was not answered with 200. */
  readonly failures: readonly string[];
}

const CONNECTIONS = 25;
const PATIENCE_MILLISECONDS = 10_000;

/**
 * Sends so many requests a second to `url` over keep-alive connections, whatever becomes of those before, and none of them
 * twice. Returns what ends it and tells how it went.
 */
export function startSteadyLoad(
  url: string,
  requestsPerSecond: number,
  sendingOf: (index: number) => Sending,
): () => Promise<LoadOutcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const failures: string[] = [];
  const underWay = new Set<Promise<void>>();
  const begunAt = performance.now();
  let sent = 0;

  async function send(sending: Sending): Promise<void> {
    const { method, path, headers = {}, body } = sending;
    const outcome = await answerOf(url + path, { method, headers, agent }, body).catch(String);
    if (outcome === '200') return;
    failures.push(`${((performance.now() - begunAt) / 1000).toFixed(1)} s: ${method} ${path}: ${outcome}`);
  }

  const timer = setInterval(() => {
    const due = ((performance.now() - begunAt) / 1000) * requestsPerSecond;
    for (; sent < due; sent++) {
      const exchange = send(sendingOf(sent)).finally(() => underWay.delete(exchange));
      underWay.add(exchange);
    }
  }, 1000 / requestsPerSecond);

  return async () => {
    clearInterval(timer);
    await Promise.all(underWay);
    agent.destroy();
    return { sent, failures };
  };
}

async function answerOf(
  url: string,
  options: { method: string; headers: Record<string, string>; agent: Agent },
  body: string | undefined,
): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  const sent = request(url, { ...options, signal });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return response.statusCode === 200 ? '200' : `${response.statusCode} ${text.slice(0, 300)}`;
}
