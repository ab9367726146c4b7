import type { IncomingMessage } from 'node:http';
import { AppError } from '../core/errors.ts';

const ORIGIN = /^https?:\/\/[^/?#]+/i;

/** What no target holds (RFC 9112 section 3.2), and what makes Express read a path in another way than the lanes. */
const FOREIGN = /[#\s]/;

const UNREADABLE = new WeakSet<IncomingMessage>();

/**
 * Gives a request the origin form of its target (RFC 9112 section 3.2), so that the lanes, the pipeline and a proxy in
 * front all mean the same path. What cannot be read is refused by `requireReadableTarget`.
 */
export function normalizeTarget(req: IncomingMessage): void {
  const target = (req.url ?? '').replace(ORIGIN, '');
  const path = target === '' || target.startsWith('?') ? `/${target}` : target;
  const isOfServer = path === '*' && req.method === 'OPTIONS';
  if (isOfServer || (path.startsWith('/') && !FOREIGN.test(path))) req.url = path;
  else {
    UNREADABLE.add(req);
    req.url = '/';
  }
}

/** @throws AppError invalid_request */
export function requireReadableTarget(req: IncomingMessage): void {
  if (UNREADABLE.has(req)) {
    throw new AppError('invalid_request', 'The request target must be a path, without a fragment.');
  }
}

/** The path of a target in origin form, without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}
