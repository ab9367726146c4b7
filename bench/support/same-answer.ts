import type { RequestTemplate } from '../load/load.ts';
import type { Program } from './programs.ts';

/** Of the connection or of the moment, so not for a peer to repeat. */
const NOT_REPEATED = ['connection', 'content-length', 'date', 'keep-alive'];

/** What the peer express.mjs needs to give the same answer as a program gives to a request. */
export async function answerOf({ port }: Pick<Program, 'port'>, { path, headers }: RequestTemplate) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const repeated = [...response.headers].filter(([name]) => !NOT_REPEATED.includes(name));
  return { HEADERS: JSON.stringify(Object.fromEntries(repeated)), CLAIMS: await response.text() };
}
