import type { IncomingMessage } from 'node:http';
import { AppError } from '../core/errors.ts';

/** Apache's limit; browsers and proxies together send some thirty. */
const MAX_HEADERS = 100;

/**
 * A request has to have one Host, since a proxy in front may have read the other one (RFC 9112 section 3.2), and not
 * too many headers.
 * @throws AppError invalid_request
 */
export function requireValidHeaders(req: IncomingMessage): void {
  if (hasValidHeaders(req)) return;
  if (!hasFewHeaders(req)) throw refusal(`The request has more than ${MAX_HEADERS} headers.`);
  if (req.headers.host !== undefined) throw refusal('The request has more than one Host header.');
  if (req.httpVersion === '1.1') throw refusal('The request has no Host header.');
}

const refusal = (detail: string) => new AppError('invalid_request', detail);

/** Whether a request's headers can be relied upon as they are. */
export function hasValidHeaders(req: IncomingMessage): boolean {
  return hasOneHost(req) && hasFewHeaders(req);
}

/** Node keeps the first of several and says nothing. */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1;
}

/** Names and values stand one after the other. */
function hasFewHeaders({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length <= 2 * MAX_HEADERS;
}
