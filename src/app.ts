import type { IncomingMessage, RequestListener } from 'node:http';
import type { RevocationSet } from '@latchkey/verifier/core';
import express, { type Express, type Request } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { type Clock, systemClock } from './core/clock.ts';
import { AppError } from './core/errors.ts';
import type { RateLimiter } from './core/limits/rate-limiter.ts';
import type { HashWorkers } from './core/passwords/hash-workers.ts';
import { createPasswords } from './core/passwords/passwords.ts';
import { maxForeignCost, type StoredCosts } from './core/passwords/stored-costs.ts';
import type { RevocationFollower } from './core/revocation/follower.ts';
import type { RevocationLog } from './core/revocation/log.ts';
import type { Confirmations } from './core/sessions/confirmations.ts';
import { createRefreshTokens } from './core/sessions/refresh-token.ts';
import { createSessions } from './core/sessions/sessions.ts';
import { createLoginGuard, NO_GUARD } from './core/sign-in/attempts.ts';
import { createAccessTokens } from './core/tokens/access-token.ts';
import { createBearerCheck, createFreshness, verifyGenuine } from './core/tokens/bearer.ts';
import type { KeyUsage } from './core/tokens/key-usage.ts';
import type { KeyRing } from './core/tokens/keys.ts';
import type { Store, Stores } from './db/store.ts';
import { accountPaths } from './features/accounts/openapi.ts';
import { accountRoutes } from './features/accounts/routes.ts';
import { createAccounts } from './features/accounts/service.ts';
import { createApiKeys } from './features/api-keys/api-keys.ts';
import { createApiKeyCheck } from './features/api-keys/check.ts';
import type { ApiKeyUsage } from './features/api-keys/last-use.ts';
import { apiKeyPaths } from './features/api-keys/openapi.ts';
import { apiKeyRoutes } from './features/api-keys/routes.ts';
import { auditPaths } from './features/audit/openapi.ts';
import { auditRoutes } from './features/audit/routes.ts';
import { createAudit } from './features/audit/service.ts';
import { createClients } from './features/clients/clients.ts';
import { clientPaths } from './features/clients/openapi.ts';
import type { ClientRefusals } from './features/clients/refusals.ts';
import { clientRoutes } from './features/clients/routes.ts';
import { createClientTokens } from './features/clients/tokens.ts';
import { docsPaths } from './features/docs/openapi.ts';
import { docsRoutes } from './features/docs/routes.ts';
import { tokenPaths } from './features/gateway/openapi.ts';
import { GATEWAY_PATH, gatewayHeaders, gatewayRoutes, keyRoutes } from './features/gateway/routes.ts';
import { healthPaths } from './features/health/openapi.ts';
import { healthRoutes, type Readiness } from './features/health/routes.ts';
import type { Metrics } from './features/metrics/metrics.ts';
import { metricsRoutes, type Scrape } from './features/metrics/routes.ts';
import {
  introspectAccessTokens,
  introspectApiKeys,
  introspectRefreshTokens,
} from './features/oauth/introspection.ts';
import { oauthPaths } from './features/oauth/openapi.ts';
import { metadataRoutes, oauthRoutes } from './features/oauth/routes.ts';
import { createFeed } from './features/revocations/feed.ts';
import { revocationPaths } from './features/revocations/openapi.ts';
import { revocationRoutes } from './features/revocations/routes.ts';
import { rolePaths } from './features/roles/openapi.ts';
import { createPermissions } from './features/roles/permissions.ts';
import { createRoles } from './features/roles/roles.ts';
import { roleRoutes } from './features/roles/routes.ts';
import { sessionPaths } from './features/sessions/openapi.ts';
import { sessionRoutes } from './features/sessions/routes.ts';
import { createImport } from './features/users/import.ts';
import { userAdminPaths } from './features/users/openapi.ts';
import { userAdminRoutes } from './features/users/routes.ts';
import { createUserAdmin } from './features/users/users.ts';
import { sendJsonDirectly } from './http/answer.ts';
import { createAuthentication, readBearerToken, unlessRefused } from './http/authenticate.ts';
import { createCrossOrigin } from './http/cors.ts';
import { createGatewayLane } from './http/gateway-lane.ts';
import { demandHost } from './http/host.ts';
import { describeApi, type OpenApiDocument } from './http/openapi.ts';
import { peekBody } from './http/peek-body.ts';
import { createPipeline, restrictConditionalRequests } from './http/pipeline.ts';
import { createRefusal, problemHandler } from './http/problem.ts';
import { createLimit } from './http/rate-limit.ts';
import { createRefusalBudget } from './http/refusal-budget.ts';
import { createRefusalLane } from './http/refusal-lane.ts';
import { createRefusalLog } from './http/refusal-log.ts';
import { requestId } from './http/request-id.ts';
import { requestLog } from './http/request-log.ts';
import { measureRequests } from './http/request-metrics.ts';
import { createRouteTable, pathOf, type RouteTable } from './http/route-table.ts';
import { securityHeaders } from './http/security-headers.ts';

/** Everything outside the process that the service needs. */
export interface AppDependencies {
  readonly config: Config;
  readonly keys: KeyRing;
  readonly keyUsage: Pick<KeyUsage, 'note'>;
  readonly apiKeyUsage: Pick<ApiKeyUsage, 'note'>;
  readonly clientRefusals: Pick<ClientRefusals, 'note'>;
  readonly store: Store;
  readonly revocations: RevocationSet;
  readonly revocationLog: RevocationLog;
  readonly confirmations: Pick<Confirmations, 'note' | 'notedAt'>;
  readonly follower: Pick<RevocationFollower, 'announce' | 'catchUp' | 'isStale' | 'lagMilliseconds'>;
  readonly readiness: Readiness;
  readonly hashWorkers: HashWorkers;
  readonly storedCosts: Pick<StoredCosts, 'workCost' | 'note'>;
  /** Undefined where limits are off. */
  readonly limiter: RateLimiter | undefined;
  readonly metrics: Pick<Metrics, 'request' | 'login' | 'limited' | 'refresh' | 'refusalPaced'>;
  readonly scrape: Scrape;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface App {
  readonly express: Express;
  /** What the server calls: a short way for gateways before Express. */
  readonly front: RequestListener;
  /** Every route, with what guards it. */
  readonly table: RouteTable;
  /** Sends the refusals that are held back: the process is about to stop. */
  readonly releaseRefusals: () => void;
}

/** The version that /openapi.json names; a test holds it equal to package.json. */
export const VERSION = '0.1.0';

/** The whole service as an Express application: services first, then the way of a request from top to bottom. */
export function createApp(dependencies: AppDependencies): App {
  const { config, keys, keyUsage, store, revocations, follower, readiness, clock, logger } = dependencies;
  const {
    confirmations,
    revocationLog,
    apiKeyUsage,
    clientRefusals,
    hashWorkers,
    storedCosts,
    limiter,
    metrics,
    scrape,
  } = dependencies;
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
  const passwords = createPasswords(config.passwords, hashWorkers, storedCosts);
  const lifetimes = { accessTokenTtlSeconds, ...config.sessions };
  const sessions = createSessions({
    store,
    accessTokens,
    refreshTokens,
    announce: follower.announce,
    confirmations,
    clock,
    lifetimes,
    onRefresh: metrics.refresh,
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

  const userAdmin = createUserAdmin({ store, passwords, sessions, clock });
  const importUsers = createImport({
    store,
    clock,
    maxHashCost: maxForeignCost(config.passwords.bcryptCost),
    onHash: (cost) => storedCosts.note(cost, false),
  });
  const apiKeys = createApiKeys({ store, announce: follower.announce, clock });
  const apiKeyCheck = createApiKeyCheck({
    store,
    revocations,
    clock,
    issuer,
    audience,
    onUse: apiKeyUsage.note,
  });
  const forRoles = { store, announce: sessions.announce, clock };
  const roles = createRoles(forRoles);
  const clients = createClients({ store, revoking: sessions, clock });
  const permissions = createPermissions({
    ...forRoles,
    // The stores of a transaction are always all of them; a feature just sees its own.
    othersWith: (stores, name) => clients.holdersWithin(stores as Stores, name),
  });
  const machines = createClientTokens({
    store,
    accessTokens,
    revoking: sessions,
    noteRefusal: clientRefusals.note,
    clock,
    accessTokenTtlSeconds,
  });

  const whenStale = config.sessions.revocationWhenStale;
  const limit = createLimit(limiter, metrics.limited);
  const demandFresh = createFreshness(follower, whenStale);
  const check = createBearerCheck({
    accessTokens,
    apiKeys: apiKeyCheck,
    revocations,
    demandFresh,
    onUse: confirmations.note,
  });
  const authenticate = createAuthentication(check, limit);
  const genuine = (token: string) => {
    const claims = verifyGenuine(accessTokens, token);
    confirmations.note(claims);
    return claims;
  };
  const ofSession = (token: string) => {
    if (apiKeyCheck.isKey(token)) throw new AppError('session_required');
    return genuine(token);
  };
  // Each kind of token that POST /oauth/introspect knows.
  const introspectors = [
    introspectApiKeys(apiKeyCheck, demandFresh),
    introspectAccessTokens(check),
    introspectRefreshTokens(sessions),
  ];
  const document = describeService();

  const app = express();
  app.set('trust proxy', typeof trustProxy === 'number' ? trustProxy : [...trustProxy]);
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.disable('x-powered-by');
  restrictConditionalRequests(app);
  sendJsonDirectly(app);

  app.use(requestId());
  app.use(requestLog(logger));
  app.use(measureRequests(metrics.request));
  app.use(securityHeaders());
  app.use(demandHost());
  const refusalBudget = createRefusalBudget({
    monotonic: systemClock.monotonic,
    onPaced: metrics.refusalPaced,
  });
  const table = createRouteTable([
    ...gatewayRoutes(),
    ...accountRoutes({ accounts, verifyLive: check, signupDisabled: config.signupDisabled }),
    ...sessionRoutes({ sessions, verifyGenuine: ofSession, limit }),
    ...apiKeyRoutes({ apiKeys }),
    ...auditRoutes({ audit: createAudit(store) }),
    ...userAdminRoutes({ userAdmin, importUsers }),
    ...roleRoutes({ roles, permissions }),
    ...clientRoutes({ clients }),
    ...revocationRoutes({ feed: createFeed({ store, log: revocationLog, follower, clock }) }),
    ...oauthRoutes({
      machines,
      sessions,
      rights: store.rights,
      verifyLive: check,
      verifyGenuine: genuine,
      isRevoked: revocations.isRevoked,
      introspectors,
      limit,
      refusalBudget,
      logger,
    }),
    ...keyRoutes(keys),
    ...metadataRoutes(issuer, publicUrl),
    ...healthRoutes(readiness),
    ...docsRoutes(document),
    ...(config.metrics.token === undefined ? [] : metricsRoutes(scrape, config.metrics.token)),
  ]);
  app.use(
    createPipeline({
      table,
      authenticate,
      limit,
      crossOrigin: corsOrigins.length > 0 ? createCrossOrigin(corsOrigins) : undefined,
      refuse: createRefusal(publicUrl, logger, refusalBudget),
    }),
  );
  app.use(problemHandler(publicUrl, logger));
  /** Express knows it by TRUST_PROXY, but only of requests that have its own prototype. */
  const addressOf = (req: IncomingMessage): string | undefined =>
    (Object.setPrototypeOf(req, app.request) as Request).ip;
  const isFromPage = ({ headers }: IncomingMessage) => corsOrigins.length > 0 && headers.origin !== undefined;
  const refusals = createRefusalLane({
    ordinary: app,
    guardOf(req) {
      if (req.method !== 'POST' || req.headers.host === undefined || isFromPage(req)) return undefined;
      const match = table.match('POST', pathOf(req.url ?? ''));
      const { limit: policy, limitSparesAuthorization, hashes = false, refuse } = match?.route ?? {};
      // A route that refuses in words of its own has no fast path.
      if (match === undefined || policy === undefined || refuse !== undefined) return undefined;
      if (limitSparesAuthorization && req.headers.authorization !== undefined) return undefined;
      return { route: match.pattern, policy, hashes };
    },
    addressOf,
    limiter,
    hashing: hashWorkers,
    async isKnown(req) {
      const claims = await unlessRefused(() => {
        const token = readBearerToken(req);
        return token === undefined || apiKeyCheck.isKey(token) ? undefined : check(token);
      });
      return (
        claims?.sid !== undefined || accounts.containsDeviceToken((await peekBody(req)).toString('latin1'))
      );
    },
    budget: refusalBudget,
    publicUrl,
    onLimited: metrics.limited,
    onOverloaded: (route) => route === '/login' && metrics.login('overloaded'),
    observe: metrics.request,
    log: createRefusalLog(logger),
    logger,
  });
  const front = createGatewayLane({
    ordinary: refusals,
    route: GATEWAY_PATH,
    check,
    headersOf: gatewayHeaders,
    limiter,
    observe: metrics.request,
    logger,
  });
  return { express: app, front, table, releaseRefusals: refusalBudget.release };
}

/** The OpenAPI document of this version, as GET /openapi.json serves it. */
export function describeService(): OpenApiDocument {
  return describeApi(
    [
      accountPaths,
      userAdminPaths,
      sessionPaths,
      revocationPaths,
      rolePaths,
      apiKeyPaths,
      auditPaths,
      clientPaths,
      oauthPaths,
      tokenPaths,
      healthPaths,
      docsPaths,
    ],
    VERSION,
  );
}
