import type { Numbers, RequestTemplate } from './load.ts';

/** Makes the bytes of one request after another. */
export function createRequests(template: RequestTemplate): () => Buffer {
  const { body, cookies, prebuilt = cookies?.length } = template;
  const make = createMaker(template);
  if (prebuilt === undefined && body !== undefined) return make;
  const requests = Array.from({ length: prebuilt ?? 1 }, make);
  const [first = make()] = requests;
  let turn = 0;
  return () => requests[turn++ % requests.length] ?? first;
}

function createMaker({ method, path, headers, cookies = [], body, numbers }: RequestTemplate): () => Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  const bodies = typeof body === 'string' ? [body] : (body ?? []);
  const nextNumber = numbers === undefined ? () => 0 : createNumbers(numbers);
  let turn = 0;
  return () => {
    const number = nextNumber();
    const cookie = cookies[turn % cookies.length];
    const numbered =
      head.replaceAll('{{address}}', addressOf(number)) +
      (cookie === undefined ? '' : `\r\nCookie: ${cookie}`);
    const text = bodies[turn++ % bodies.length];
    if (text === undefined) return Buffer.from(`${numbered}\r\n\r\n`);
    const content = text.replaceAll('{{n}}', String(number));
    const length = Buffer.byteLength(content);
    return Buffer.from(
      `${numbered}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${content}`,
    );
  };
}

function addressOf(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

function createNumbers({ first, count, order }: Numbers): () => number {
  let turn = 0;
  return () => first + (order === 'rising' ? turn++ % count : Math.floor(Math.random() * count));
}
