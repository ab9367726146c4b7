import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../core/errors.ts';

/** Apache's limit; browsers and proxies together send some thirty. */
const MAX_HEADERS = 100;

/** RFC 9112 section 3.2: 400 without a Host or with two, of which a proxy in front may have read the other one. */
export function requireHost(): RequestHandler {
  return (req, _res, next) => {
    if (hasOneHost(req) && hasFewHeaders(req)) next();
    else if (!hasFewHeaders(req)) {
      throw new AppError('invalid_request', `The request has more than ${MAX_HEADERS} headers.`);
    } else if (req.headers.host !== undefined) {
      throw new AppError('invalid_request', 'The request has more than one Host header.');
    } else if (req.httpVersion === '1.1') {
      throw new AppError('invalid_request', 'The request has no Host header.');
    } else next();
  };
}

/** Whether a request's headers can be relied upon as they are. */
export function hasSoundHeaders(req: IncomingMessage): boolean {
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
