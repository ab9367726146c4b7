import type { RequestListener } from 'node:http';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { createLoginGuard, NO_GUARD } from './accounts/login-guard.ts';
import { accountPaths } from './accounts/openapi.ts';
import type { AccountStore } from './accounts/ports.ts';
import { accountRoutes } from './accounts/routes.ts';
import { createAccounts } from './accounts/service.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { docsPaths } from './docs/openapi.ts';
import { docsFiles, docsRoutes } from './docs/routes.ts';
import { AppError } from './errors.ts';
import { healthPaths } from './health/openapi.ts';
import { healthRoutes, type Readiness } from './health/routes.ts';
import { authenticate } from './http/authenticate.ts';
import { jsonBody } from './http/body.ts';
import { crossOrigin } from './http/cors.ts';
import { createGatewayLane } from './http/gateway-lane.ts';
import { demandHost } from './http/host.ts';
import { onlyDocumented } from './http/methods.ts';
import { describeApi, type OpenApiDocument } from './http/openapi.ts';
import type { RateLimiter } from './http/ports.ts';
import { problemHandler } from './http/problem.ts';
import { createLimit } from './http/rate-limit.ts';
import { requestId } from './http/request-id.ts';
import { requestLog } from './http/request-log.ts';
import { measureRequests } from './http/request-metrics.ts';
import { securityHeaders } from './http/security-headers.ts';
import type { Metrics } from './metrics/metrics.ts';
import { metricsRoutes, type Scrape } from './metrics/routes.ts';
import type { HashWorkers } from './passwords/hash-workers.ts';
import { createPasswords } from './passwords/passwords.ts';
import { createBearerCheck, verifyGenuine } from './sessions/bearer.ts';
import type { RevocationFollower } from './sessions/follower.ts';
import { sessionPaths } from './sessions/openapi.ts';
import { createRefreshTokens } from './sessions/refresh-token.ts';
import type { RevocationSet } from './sessions/revocations.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { createSessions } from './sessions/service.ts';
import { createAccessTokens } from './tokens/access-token.ts';
import type { KeyUsage } from './tokens/key-usage.ts';
import type { KeyRing } from './tokens/keys.ts';
import { tokenPaths } from './tokens/openapi.ts';
import { GATEWAY_PATH, gatewayHeaders, gatewayRoutes, keyRoutes } from './tokens/routes.ts';

/** Everything outside the process that the service needs. */
export interface AppDependencies {
  readonly config: Config;
  readonly keys: KeyRing;
  readonly keyUsage: Pick<KeyUsage, 'note'>;
  readonly store: AccountStore;
  readonly revocations: RevocationSet;
  readonly follower: Pick<RevocationFollower, 'isStale'>;
  readonly readiness: Readiness;
  readonly hashWorkers: HashWorkers;
  /** Undefined where limits are off. */
  readonly limiter: RateLimiter | undefined;
  readonly metrics: Pick<Metrics, 'request' | 'login' | 'limited'>;
  readonly scrape: Scrape;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface App {
  readonly express: Express;
  /** What the server calls: a short way for gateways before Express. */
  readonly front: RequestListener;
}

/** The version that /openapi.json names; a test holds it equal to package.json. */
export const VERSION = '0.1.0';

/** The whole service as an Express application: services first, then the way of a request from top to bottom. */
export function createApp(dependencies: AppDependencies): App {
  const { config, keys, keyUsage, store, revocations, follower, readiness, clock, logger } = dependencies;
  const { hashWorkers, limiter, metrics, scrape } = dependencies;
  const { publicUrl, trustProxy, corsOrigins } = config.http;
  const { issuer, audience, accessTokenTtlSeconds } = config.tokens;

  const accessTokens = createAccessTokens({
    keys,
    issuer,
    audience,
    maxTtlSeconds: accessTokenTtlSeconds,
    clock,
    onUse: keyUsage.note,
  });
  const refreshTokens = createRefreshTokens(keys.refreshing, keyUsage.note);
  const passwords = createPasswords(config.passwords, hashWorkers);
  const lifetimes = { accessTokenTtlSeconds, ...config.sessions };
  const sessions = createSessions({
    store,
    accessTokens,
    refreshTokens,
    revocations,
    clock,
    lifetimes,
  });
  const { free: freeFailures, max: maxFailures } = config.limits.loginFailures;
  const guard = config.limits.enabled
    ? createLoginGuard({
        failures: store.loginFailures,
        clock,
        freeFailures,
        maxFailures,
        onLimited: () => metrics.limited('login-account'),
      })
    : NO_GUARD;
  const accounts = createAccounts({
    store,
    passwords,
    sessions,
    guard,
    secrets: keys.refreshing,
    clock,
    logger,
    signupDisabled: config.signupDisabled,
    onLogin: metrics.login,
  });

  const whenStale = config.sessions.revocationWhenStale;
  const limit = createLimit(limiter, metrics.limited);
  const check = createBearerCheck({ accessTokens, revocations, follower, whenStale });
  const bearer = authenticate(check, limit);
  const genuine = (token: string) => verifyGenuine(accessTokens, token);
  const document = describeService();

  const app = express();
  app.set('trust proxy', typeof trustProxy === 'number' ? trustProxy : [...trustProxy]);
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.disable('x-powered-by');

  app.use(requestId());
  app.use(requestLog(logger));
  app.use(measureRequests(metrics.request));
  app.use(securityHeaders());
  app.use(demandHost());
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins));
  app.use(gatewayRoutes(bearer));
  if (config.metrics.token !== undefined) app.use(metricsRoutes(scrape, config.metrics.token));
  app.use(docsFiles());
  app.use(onlyDocumented(document));

  app.use(healthRoutes(readiness));
  app.use(docsRoutes(document));
  app.use(keyRoutes(keys));
  app.use(jsonBody());
  app.use(accountRoutes({ accounts, authenticate: bearer, verifyLive: check, limit }));
  app.use(sessionRoutes({ sessions, authenticate: bearer, verifyGenuine: genuine, limit }));

  app.use(problemHandler(publicUrl, logger));
  const front = createGatewayLane({
    ordinary: app,
    route: GATEWAY_PATH,
    check,
    headersOf: gatewayHeaders,
    limiter,
    observe: metrics.request,
    logger,
  });
  return { express: app, front };
}

export interface MetricsAppDependencies {
  readonly scrape: Scrape;
  readonly token: string | undefined;
  readonly publicUrl: string;
  readonly logger: Logger;
}

/** GET /metrics alone, for a port that the public does not reach. */
export function createMetricsApp({ scrape, token, publicUrl, logger }: MetricsAppDependencies): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestId());
  app.use(requestLog(logger));
  app.use(securityHeaders());
  app.use(metricsRoutes(scrape, token));
  app.use(() => {
    throw new AppError('not_found');
  });
  app.use(problemHandler(publicUrl, logger));
  return app;
}

/** The OpenAPI document of this version, as GET /openapi.json serves it. */
export function describeService(): OpenApiDocument {
  return describeApi([accountPaths, sessionPaths, tokenPaths, healthPaths, docsPaths], VERSION);
}
