import { once } from 'node:events';
import type { Socket } from 'node:net';

/** The bytes of a GET request. */
export function requestTo(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

/** GET /0, GET /1 and so on, one behind the other. */
export function numberedRequests(count: number): string {
  return Array.from({ length: count }, (_, index) => requestTo(`/${index}`)).join('');
}

/** What comes on a connection until `end` has come. */
export async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  const ended = once(socket, 'close');
  socket.on('data', (bytes) => {
    text += bytes;
  });
  while (!text.includes(end)) {
    const [error] = await Promise.race([once(socket, 'data').then(() => []), ended.then(() => [true])]);
    if (error !== undefined && !text.includes(end)) throw new Error(`closed after ${text.length} bytes`);
  }
  return text;
}

const STILL_MILLISECONDS = 300;

/** Resolves with what `read` returns once that has been the same for a while. */
export async function untilStill(read: () => number): Promise<number> {
  for (let last = read(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, STILL_MILLISECONDS));
    const now = read();
    if (now === last) return now;
    last = now;
  }
}
