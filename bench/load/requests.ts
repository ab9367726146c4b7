import type { Numbers, RequestTemplate } from './load.ts';

/** Makes the bytes of one request after another. */
export function createRequests(template: RequestTemplate): () => Buffer {
  const { body, numbers } = template;
  const head = [
    `${template.method} ${template.path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...Object.entries(template.headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  if (body === undefined) {
    const request = Buffer.from(`${head}\r\n\r\n`);
    return () => request;
  }
  const nextNumber = numbers === undefined ? () => 0 : createNumbers(numbers);
  return () => {
    const content = body.replaceAll('{{n}}', String(nextNumber()));
    const length = Buffer.byteLength(content);
    return Buffer.from(
      `${head}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${content}`,
    );
  };
}

function createNumbers({ first, count, order }: Numbers): () => number {
  let turn = 0;
  return () => first + (order === 'rising' ? turn++ % count : Math.floor(Math.random() * count));
}
