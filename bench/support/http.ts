import { openConnection } from '../load/connection.ts';
import { createRequests } from '../load/requests.ts';
import type { Program } from './programs.ts';

/** The JSON that a program answers with. */
export async function askForJson<Answer>(
  { port }: Pick<Program, 'port'>,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

export function postJson<Answer>(
  program: Pick<Program, 'port'>,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return askForJson(program, path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** A kept-alive connection of a client with a token. */
export interface Line {
  /** Sends a request and resolves to the status of its answer; 0 where there is none. */
  readonly ask: (method: 'GET' | 'POST', path: string, token: string) => Promise<number>;
  readonly close: () => void;
}

export function openLine({ port }: Pick<Program, 'port'>): Line {
  const connection = openConnection(port, () => {});
  return {
    ask(method, path, token) {
      const headers = { ...bearer(token), ...(method === 'POST' && { 'Content-Length': '0' }) };
      const request = createRequests({ method, path, headers })();
      return new Promise((resolve) => connection.exchange(request, resolve));
    },
    close: connection.close,
  };
}
