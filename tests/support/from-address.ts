import { request } from 'node:http';

export interface AnswerFrom {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}

/** Every address of 127.0.0.0/8 is this machine's on Linux, elsewhere only the first. */
export const hasManyAddresses = process.platform === 'linux';

/** Posts JSON from one of this machine's addresses. */
export function postFrom(localAddress: string, url: string, body: unknown): Promise<AnswerFrom> {
  const sent = JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers, localAddress, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, body: text === '' ? {} : JSON.parse(text) });
      });
    });
    outgoing.on('error', reject).end(sent);
  });
}
