import type { IncomingMessage, RequestListener } from 'node:http';
import type { Request } from 'express';
import { systemClock } from '../core/clock.ts';
import type { Core } from '../core/core.ts';
import type { RateLimiter } from '../core/limits/rate-limiter.ts';
import { createAllowedOrigins } from './allowed-origins.ts';
import { readBearerToken, unlessRefused } from './authenticate.ts';
import { createCookies } from './cookies.ts';
import { createCrossOrigin } from './cors.ts';
import { createCredentials } from './credentials.ts';
import { exchangeOf } from './exchange.ts';
import { createFastLane } from './fast-lane.ts';
import { identitiesOf } from './identity.ts';
import type { MessageClasses } from './messages.ts';
import type { MountedRoute } from './mount.ts';
import { createSendPage } from './page.ts';
import { pageErrors } from './page-errors.ts';
import { peekBody } from './peek-body.ts';
import { createPipeline } from './pipeline.ts';
import { createErrorResponder } from './problem.ts';
import { addressPolicyOf, createLimit } from './rate-limit.ts';
import { createRefusalBudget, type Pace } from './refusal-budget.ts';
import { createRefusalLane } from './refusal-lane.ts';
import { createRefusedOrigins } from './refused-origins.ts';
import { createRequestLog, type Measurement } from './request-log.ts';
import type { RouteTable } from './route-table.ts';
import { normalizeTarget, pathOf } from './target.ts';

export interface FrontOptions {
  /** The classes of the requests and responses of the server. */
  readonly messageClasses: MessageClasses;
  /** Undefined where limits are off. */
  readonly limiter: RateLimiter | undefined;
  readonly onRequest: (measurement: Measurement) => void;
  readonly onPaced: (pace: Pace) => void;
}

export interface Front {
  /** The request listener: fast lanes for what must stay fast in a flood, then Express. */
  readonly listener: RequestListener;
  /** Every route, with what guards it. */
  readonly table: RouteTable;
  /** Sends the refusals that are held back: the process is about to stop. */
  readonly releaseRefusals: () => void;
}

/** The path of a request, from top to bottom: the lanes before Express, what every answer has, then its route. */
export function createFront(core: Core, routes: readonly MountedRoute[], options: FrontOptions): Front {
  const { config, logger, observers, authenticate, userInSession, deviceTokens, hashWorkers } = core;
  const { cookieSessions, sessions } = core;
  const { publicUrl, trustProxy, corsOrigins, corsLocalhost } = config.http;
  const { messageClasses, limiter, onRequest, onPaced } = options;
  const limit = createLimit(limiter, observers.limited);
  const budget = createRefusalBudget({ monotonic: systemClock.monotonic, onPaced });
  const requestLog = createRequestLog(logger, onRequest);
  const isAllowed = createAllowedOrigins(corsOrigins, corsLocalhost);
  const noteRefused = createRefusedOrigins(logger, core.clock.monotonic);
  const cookies = createCookies({
    ...config.cookies,
    secrets: cookieSecretsOf(core),
    isAllowed,
    publicUrl,
  });
  const credentials = createCredentials({ authenticate, cookies, cookieSessions });
  const sendPage = createSendPage(core.pages.render);
  const requireStepUp = core.stepUp.require;
  const identity = { credentials, cookies, cookieSessions, userInSession, sessions, requireStepUp, limit };
  const { app, table } = createPipeline({
    messageClasses,
    routes,
    trustProxy,
    exchangeOf: (req, res, run) =>
      exchangeOf(req, res, { limit, identities: identitiesOf(req, res, identity), run }),
    sendPage,
    limit,
    crossOrigin: createCrossOrigin({ isAllowed, noteRefused, publicUrl }),
    requestLog,
    refuse: createErrorResponder({
      publicUrl,
      logger,
      budget,
      sendPage,
      pageErrors: config.pages.enabled ? pageErrors() : undefined,
    }),
  });

  /** As TRUST_PROXY says. */
  const forwardedAddressOf = (req: IncomingMessage): string | undefined => (req as Request).ip;
  /** A page could not read the refusal without what the ordinary path adds. */
  const isFromPage = ({ headers: { origin } }: IncomingMessage) => origin !== undefined && isAllowed(origin);

  const refusals = createRefusalLane({
    ordinary: app,
    guardOf(req) {
      if (req.method !== 'POST' || req.headers.host === undefined || isFromPage(req)) return undefined;
      const match = table.match('POST', pathOf(req.url ?? ''));
      // A route with an error format of its own has no fast path.
      if (match?.route === undefined || match.route.errors !== undefined) return undefined;
      const policy = addressPolicyOf(match.route, req);
      return policy && { route: match.pattern, policy, hashes: match.route.hashes ?? false };
    },
    addressOf: forwardedAddressOf,
    limiter,
    hashing: hashWorkers,
    async isKnown(req) {
      const userId = await unlessRefused(() => userInSession(readBearerToken(req)));
      if (userId !== undefined) return true;
      const deviceToken = cookies.deviceToken(req);
      if (deviceToken !== undefined && deviceTokens.recognize(deviceToken) !== undefined) return true;
      return deviceTokens.isIn((await peekBody(req)).toString('latin1'));
    },
    budget,
    publicUrl,
    onLimited: observers.limited,
    onOverloaded(route) {
      if (route === '/login') observers.login('overloaded');
      if (route === '/signup') observers.signup('overloaded');
    },
    recordRefusal: requestLog.recordRefusal,
    logger,
  });
  const fastLane = createFastLane({
    ordinary: refusals,
    routes: routes.filter(({ fast }) => fast),
    credentials,
    limiter,
    record: requestLog.record,
  });
  const listener: RequestListener = (req, res) => {
    normalizeTarget(req);
    fastLane(req, res);
  };
  return { listener, table, releaseRefusals: budget.release };
}

/**
 * The secrets that sign cookies, the one for new cookies first. Those derived from the secret of the service are taken as
 * well, so that setting one of its own signs no user out.
 */
function cookieSecretsOf({ config, keys }: Core): [string, ...string[]] {
  const { secret, previousSecrets } = config.cookies;
  if (secret !== undefined) return [secret, ...previousSecrets, ...keys.cookieSecrets];
  return [...keys.cookieSecrets, ...previousSecrets];
}
