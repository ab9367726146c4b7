import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { accountPaths } from './accounts/openapi.ts';
import type { UserStore } from './accounts/ports.ts';
import { accountRoutes } from './accounts/routes.ts';
import { createAccounts } from './accounts/service.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { docsPaths } from './docs/openapi.ts';
import { docsRoutes } from './docs/routes.ts';
import { healthPaths } from './health/openapi.ts';
import { healthRoutes, type Readiness } from './health/routes.ts';
import { authenticate } from './http/authenticate.ts';
import { jsonBody } from './http/body.ts';
import { crossOrigin } from './http/cors.ts';
import { demandHost } from './http/host.ts';
import { answerOptions, unmatched } from './http/methods.ts';
import { describeApi, type OpenApiDocument } from './http/openapi.ts';
import { problemHandler } from './http/problem.ts';
import { requestId } from './http/request-id.ts';
import { requestLog } from './http/request-log.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createPasswords } from './passwords/passwords.ts';
import { createSessions } from './sessions/service.ts';
import { createAccessTokens } from './tokens/access-token.ts';
import type { SigningKey } from './tokens/signing-key.ts';

/** Everything outside the process that the service needs. */
export interface AppDependencies {
  readonly config: Config;
  readonly signingKey: SigningKey;
  readonly users: UserStore;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The version that /openapi.json names; a test holds it equal to package.json. */
export const VERSION = '0.1.0';

/** The whole service as an Express application: services first, then the way of a request from top to bottom. */
export function createApp({ config, signingKey, users, readiness, clock, logger }: AppDependencies): Express {
  const { publicUrl, trustProxy, corsOrigins } = config.http;
  const { issuer, audience, accessTokenTtlSeconds } = config.tokens;

  const accessTokens = createAccessTokens({
    signingKey,
    issuer,
    audience,
    ttlSeconds: accessTokenTtlSeconds,
    clock,
  });
  const passwords = createPasswords(config.passwords);
  const sessions = createSessions(accessTokens);
  const accounts = createAccounts({
    users,
    passwords,
    sessions,
    clock,
    signupDisabled: config.signupDisabled,
  });
  const bearer = authenticate(accessTokens.verify);
  const document = describeService(publicUrl);

  const app = express();
  app.set('trust proxy', typeof trustProxy === 'number' ? trustProxy : [...trustProxy]);
  app.set('query parser', 'simple');
  app.set('etag', false);

  app.use(requestId());
  app.use(requestLog(logger));
  app.use(securityHeaders());
  app.use(demandHost());
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins));
  app.use(answerOptions(document));

  app.use(healthRoutes(readiness));
  app.use(docsRoutes(document));
  app.use(jsonBody());
  app.use(accountRoutes(accounts, bearer));

  app.use(unmatched(document));
  app.use(problemHandler(publicUrl));
  return app;
}

/** The OpenAPI document of this version, as GET /openapi.json serves it. */
export function describeService(publicUrl: string): OpenApiDocument {
  return describeApi([accountPaths, healthPaths, docsPaths], publicUrl, VERSION);
}
