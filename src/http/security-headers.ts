import type { RequestHandler } from 'express';
import helmet from 'helmet';

const headersOfHelmet = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
});

/**
 * Headers for an API: nothing may be framed, sniffed or loaded, and nothing is kept in a cache. They are the same for
 * every answer, so helmet is asked once.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  ...headersSetBy(headersOfHelmet),
  'Cache-Control': 'no-store',
};

/** Middleware that sets them. */
export function securityHeaders(): RequestHandler {
  return (_req, res, next) => {
    for (const name in SECURITY_HEADERS) res.setHeader(name, SECURITY_HEADERS[name] ?? '');
    next();
  };
}

function headersSetBy(middleware: ReturnType<typeof helmet>): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name] = value;
    },
    removeHeader: () => {},
  };
  middleware({} as never, response as never, (error) => {
    if (error) throw error;
  });
  return headers;
}
