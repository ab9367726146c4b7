import type { Express } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../core/errors.ts';
import type { SendPage } from './answer.ts';
import { exchangeOf } from './exchange.ts';
import type { Identities, Identity } from './identity.ts';
import type { MessageClasses } from './messages.ts';
import type { MountedRoute } from './mount.ts';
import { createPipeline } from './pipeline.ts';
import { createErrorResponder } from './problem.ts';
import { createRequestLog } from './request-log.ts';

const NO_LIMIT = async () => {};
/** None of its routes has a page. */
const NO_PAGES: SendPage = async () => refuse();

/** No credential of the service is valid here; a route knows its own. */
const NO_IDENTITY: Identity = {
  authenticate: refuse,
  requireStepUp: refuse,
  cookie: refuse,
  beginSignIn: refuse,
  takeCookie: refuse,
  forgetCookie: refuse,
  cookieIds: refuse,
  isCookieWithheld: refuse,
  rememberLink: refuse,
  remembersLink: refuse,
  nameBrowser: refuse,
  browserId: refuse,
  keepPending: refuse,
  pending: refuse,
  takePending: refuse,
  requireOwnPage: refuse,
  formToken: refuse,
  requireOwnForm: refuse,
};

const NO_IDENTITIES: Identities = { for: () => NO_IDENTITY, forget: () => {} };

/**
 * A few routes alone, for a port that the public does not reach: without limits, and no token of the service is valid.
 */
export function createPlainApp(
  routes: readonly MountedRoute[],
  options: { readonly messageClasses: MessageClasses; readonly publicUrl: string; readonly logger: Logger },
): Express {
  const { app } = createPipeline({
    messageClasses: options.messageClasses,
    routes,
    trustProxy: 0,
    limit: NO_LIMIT,
    exchangeOf: (req, res, run) => exchangeOf(req, res, { limit: NO_LIMIT, identities: NO_IDENTITIES, run }),
    sendPage: NO_PAGES,
    crossOrigin: undefined,
    requestLog: createRequestLog(options.logger),
    refuse: createErrorResponder({ ...options, sendPage: NO_PAGES }),
  });
  return app;
}

function refuse(): never {
  throw new AppError('token_invalid');
}
