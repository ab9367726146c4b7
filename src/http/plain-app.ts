import type { Express } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../core/errors.ts';
import { exchangeOf } from './exchange.ts';
import type { MountedRoute } from './mount.ts';
import { createPipeline } from './pipeline.ts';
import { createErrorResponder } from './problem.ts';
import { createRequestLog } from './request-log.ts';

const limit = async () => {};

function refuse(): never {
  throw new AppError('token_invalid');
}

/** No credential of the service is valid. */
const NOBODY = {
  credentials: { read: refuse, requireIntended: refuse, cookieToEnd: refuse },
  cookies: {
    sessionIds: refuse,
    deviceToken: refuse,
    requireSettable: refuse,
    setSession: refuse,
    setDevice: refuse,
    clearing: refuse,
    isFromAllowedPage: refuse,
  },
  cookieSessions: { requireUp: refuse, authenticate: refuse, csrfTokens: { of: refuse, isOf: refuse } },
  userInSession: refuse,
  sessions: { end: refuse },
  limit,
};

/**
 * A few routes alone, for a port that the public does not reach: without limits, and no token of the service is valid.
 */
export function createPlainApp(
  routes: readonly MountedRoute[],
  options: { readonly publicUrl: string; readonly logger: Logger },
): Express {
  const { app } = createPipeline({
    routes,
    trustProxy: 0,
    limit,
    exchangeOf: (req, res) => exchangeOf(req, res, NOBODY),
    crossOrigin: undefined,
    requestLog: createRequestLog(options.logger),
    refuse: createErrorResponder(options),
  });
  return app;
}
