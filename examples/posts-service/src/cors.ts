import type { RequestHandler } from 'express';

const METHODS = 'GET, HEAD, POST, PATCH, DELETE';
const MAX_AGE_SECONDS = '600';

/**
 * Lets pages of these origins call the service. A browser asks first, in a preflight, which carries no token: so this
 * comes before whatever wants one.
 */
export function allowPages(origins: readonly string[]): RequestHandler {
  return (req, res, next) => {
    // Also without an Origin: a cache might hand that answer out to a page.
    res.vary('Origin');
    const origin = req.get('Origin');
    const isAllowed = origin !== undefined && origins.includes(origin);
    if (isAllowed) {
      res.set('Access-Control-Allow-Origin', origin);
      // A page may otherwise not read why it was refused, and when to come back.
      res.set('Access-Control-Expose-Headers', 'Location, Retry-After, WWW-Authenticate');
    }
    const isPreflight =
      req.method === 'OPTIONS' &&
      origin !== undefined &&
      req.get('Access-Control-Request-Method') !== undefined;
    if (!isPreflight) {
      next();
      return;
    }
    if (isAllowed) {
      res.set('Access-Control-Allow-Methods', METHODS);
      res.set('Access-Control-Allow-Headers', 'Authorization, Content-Type');
      res.set('Access-Control-Max-Age', MAX_AGE_SECONDS);
    }
    res.status(204).end();
  };
}
