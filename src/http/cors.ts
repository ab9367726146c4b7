import type { Request, Response } from 'express';
import type { AllowedOrigins } from './allowed-origins.ts';
import type { NoteRefusedOrigin } from './refused-origins.ts';

const PREFLIGHT_MAX_AGE_SECONDS = '600';
const METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE';
const EXPOSED_HEADERS = [
  // The clock of a device may be hours off.
  'Date',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
].join(',');

/** Says in the answer which pages may read it. True where that was all: the request was a preflight. */
export type CrossOrigin = (req: Request, res: Response) => boolean;

export interface CrossOriginOptions {
  readonly isAllowed: AllowedOrigins;
  readonly noteRefused: NoteRefusedOrigin;
  /** Whose pages need no permission. */
  readonly publicUrl: string;
}

/** Lets pages of the allowed origins call the service and read what its refusals say. */
export function createCrossOrigin({ isAllowed, noteRefused, publicUrl }: CrossOriginOptions): CrossOrigin {
  const own = new URL(publicUrl).origin;
  return (req, res) => {
    // Also without an Origin: a cache might hand that answer out to a page.
    res.vary('Origin');
    const { origin, host } = req.headers;
    if (origin === undefined) return false;
    const allowed = isAllowed(origin);
    if (allowed) {
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Allow-Credentials', 'true');
      res.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    } else if (origin !== own && !origin.endsWith(`://${host}`) && !isNavigation(req)) {
      // Browsers name the origin also where a page posts to its own.
      noteRefused(origin);
    }
    if (!isPreflight(req)) return false;
    answerPreflight(req, res, allowed);
    return true;
  };
}

/** Whether the browser goes to the answer, as after the form of a provider: no script of the other site reads it. */
function isNavigation({ headers }: Request): boolean {
  return headers['sec-fetch-mode'] === 'navigate';
}

/** The Fetch standard, section 4.8: without both headers an OPTIONS is a request like any other. */
export function isPreflight({ method, headers }: Request): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

function answerPreflight(req: Request, res: Response, isAllowed: boolean): void {
  if (isAllowed) {
    const wanted = req.headers['access-control-request-headers'];
    res.vary('Access-Control-Request-Headers');
    res.setHeader('Access-Control-Allow-Methods', METHODS);
    if (wanted !== undefined) res.setHeader('Access-Control-Allow-Headers', wanted);
    res.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE_SECONDS);
  }
  res.status(204).end();
}
