import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestApp } from './app.ts';

export interface RawAnswer {
  readonly status: number;
  /** The head as it came. */
  readonly head: string;
  /** The JSON of the body; undefined without one. */
  readonly body: Record<string, unknown> | undefined;
}

/** Sends bytes that no client library would, on a connection of their own. Host and Connection are added. */
export async function sendRaw(
  { port }: Pick<TestApp, 'port'>,
  head: readonly (string | Buffer)[],
  content: string | Buffer = '',
): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  for (const line of [...head, 'Host: localhost', 'Connection: close', '']) {
    socket.write(line);
    socket.write('\r\n');
  }
  if (content.length > 0) socket.write(content);
  const [answer = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  return {
    status: Number(answer.split(' ')[1]),
    head: answer,
    body: body === '' ? undefined : JSON.parse(body),
  };
}
