import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { createLoginGuard, NO_GUARD } from './accounts/login-guard.ts';
import { accountPaths } from './accounts/openapi.ts';
import { accountRoutes } from './accounts/routes.ts';
import { createAccounts } from './accounts/service.ts';
import { clientPaths } from './clients/openapi.ts';
import { clientRoutes } from './clients/routes.ts';
import { createClients } from './clients/service.ts';
import { createClientTokens } from './clients/tokens.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Store } from './db/store.ts';
import { docsPaths } from './docs/openapi.ts';
import { docsFiles, docsRoutes } from './docs/routes.ts';
import { AppError } from './errors.ts';
import { healthPaths } from './health/openapi.ts';
import { healthRoutes, type Readiness } from './health/routes.ts';
import { authenticate } from './http/authenticate.ts';
import { jsonBody } from './http/body.ts';
import { crossOrigin } from './http/cors.ts';
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
import { introspectAccessTokens, introspectRefreshTokens } from './oauth/introspection.ts';
import { oauthPaths } from './oauth/openapi.ts';
import { metadataRoutes, oauthRoutes } from './oauth/routes.ts';
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
import { gatewayRoutes, keyRoutes } from './tokens/routes.ts';

/** Everything outside the process that the service needs. */
export interface AppDependencies {
  readonly config: Config;
  readonly keys: KeyRing;
  readonly keyUsage: Pick<KeyUsage, 'note'>;
  readonly store: Store;
  readonly revocations: RevocationSet;
  readonly follower: Pick<RevocationFollower, 'isStale'>;
  readonly readiness: Readiness;
  readonly hashWorkers: HashWorkers;
  /** Undefined where limits are off. */
  readonly limiter: RateLimiter | undefined;
  readonly metrics: Pick<Metrics, 'request' | 'login'>;
  readonly scrape: Scrape;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The version that /openapi.json names; a test holds it equal to package.json. */
export const VERSION = '0.1.0';

/** The whole service as an Express application: services first, then the way of a request from top to bottom. */
export function createApp(dependencies: AppDependencies): Express {
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
    ? createLoginGuard({ failures: store.loginFailures, clock, freeFailures, maxFailures })
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

  const clients = createClients({ store, revoking: sessions, clock });
  const machines = createClientTokens({
    store,
    accessTokens,
    revoking: sessions,
    clock,
    accessTokenTtlSeconds,
  });

  const whenStale = config.sessions.revocationWhenStale;
  const limit = createLimit(limiter);
  const check = createBearerCheck({ accessTokens, revocations, follower, whenStale });
  const bearer = authenticate(check, limit);
  const genuine = (token: string) => verifyGenuine(accessTokens, token);
  // Each kind of token that POST /oauth/introspect knows.
  const introspectors = [introspectAccessTokens(check), introspectRefreshTokens(sessions)];
  const document = describeService();

  const app = express();
  app.set('trust proxy', typeof trustProxy === 'number' ? trustProxy : [...trustProxy]);
  app.set('query parser', 'simple');
  app.set('etag', false);

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
  app.use(metadataRoutes(issuer, publicUrl));
  app.use(
    oauthRoutes({
      machines,
      sessions,
      rights: store.rights,
      verifyLive: check,
      verifyGenuine: genuine,
      introspectors,
      limit,
    }),
  );
  app.use(jsonBody());
  app.use(accountRoutes({ accounts, authenticate: bearer, verifyLive: check, limit }));
  app.use(sessionRoutes({ sessions, authenticate: bearer, verifyGenuine: genuine, limit }));
  app.use(clientRoutes({ clients, authenticate: bearer }));

  app.use(problemHandler(publicUrl));
  return app;
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
  app.use(requestId());
  app.use(requestLog(logger));
  app.use(securityHeaders());
  app.use(metricsRoutes(scrape, token));
  app.use(() => {
    throw new AppError('not_found');
  });
  app.use(problemHandler(publicUrl));
  return app;
}

/** The OpenAPI document of this version, as GET /openapi.json serves it. */
export function describeService(): OpenApiDocument {
  return describeApi(
    [accountPaths, sessionPaths, clientPaths, oauthPaths, tokenPaths, healthPaths, docsPaths],
    VERSION,
  );
}
