import type { IncomingMessage } from 'node:http';
import { AppError } from '../core/errors.ts';

/** Apache's limit; browsers and proxies together send some thirty. */
const MAX_HEADERS = 100;

/** Of a name, an IPv4 or a bracketed IPv6 address, and a port (RFC 3986 section 3.2.2). */
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]+$/;

/**
 * A request has to have one Host, since a proxy in front may have read the other one (RFC 9112 section 3.2), not too
 * many headers, and no transfer coding but chunks, since Node decodes no other.
 * @throws AppError invalid_request
 */
export function requireValidHeaders(req: IncomingMessage): void {
  if (hasValidHeaders(req)) return;
  if (!hasFewHeaders(req)) throw refusal(`The request has more than ${MAX_HEADERS} headers.`);
  if (!hasPlainTransfer(req)) throw refusal('The only transfer coding that is possible is chunked.');
  if (hostsOf(req).length > 1) throw refusal('The request has more than one Host header.');
  if (req.headers.host !== undefined) throw refusal('The Host header is not the name of a host.');
  if (req.httpVersion !== '1.0') throw refusal('The request has no Host header.');
}

const refusal = (detail: string) => new AppError('invalid_request', detail);

/** Whether a request's headers can be relied upon as they are. */
export function hasValidHeaders(req: IncomingMessage): boolean {
  const [host, ...others] = hostsOf(req);
  const hasOneHost = host !== undefined && others.length === 0 && HOST.test(host);
  return hasOneHost && hasFewHeaders(req) && hasPlainTransfer(req);
}

/** Node keeps the first of several and says nothing. */
function hostsOf({ rawHeaders }: IncomingMessage): string[] {
  const hosts: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[at + 1] ?? '');
  }
  return hosts;
}

function hasPlainTransfer({ headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return coding === undefined || coding.toLowerCase() === 'chunked';
}

/** Names and values stand one after the other. */
function hasFewHeaders({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length <= 2 * MAX_HEADERS;
}
