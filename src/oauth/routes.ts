import type { AccessTokenClaims } from '@latchkey/verifier/core';
import { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { demandToken, policyOf, readBearerToken, type TokenCheck } from '../http/authenticate.ts';
import { formBody } from '../http/body.ts';
import { insufficientScope, permissionsOf } from '../http/caller.ts';
import { networkOf, originOf } from '../http/origin.ts';
import { logRefusal, toAppError } from '../http/problem.ts';
import { type Limit, limitByNetwork, showQuota } from '../http/rate-limit.ts';
import type { RightsStore } from '../sessions/ports.ts';
import type { Sessions } from '../sessions/service.ts';
import { type ClientRequest, createClientCheck } from './credentials.ts';
import { invalidClient, OAuthError, toOAuthError } from './errors.ts';
import { demandParameter, readForm } from './form.ts';
import { INTROSPECT_PERMISSION, introspect } from './introspection.ts';
import { describeServer } from './metadata.ts';
import type { Introspector, Machines } from './ports.ts';
import { createRevocation } from './revocation.ts';
import { presentToken } from './schemas.ts';
import { createTokenEndpoint } from './token.ts';

export interface OAuthRouteDependencies {
  readonly machines: Machines;
  readonly sessions: Sessions;
  readonly rights: RightsStore;
  /** The claims of a token that has not been revoked. */
  readonly verifyLive: TokenCheck;
  /** The claims of a genuine token, even of one that has been revoked. */
  readonly verifyGenuine: (token: string) => AccessTokenClaims;
  /** Whether this process knows that a genuine token is refused already. */
  readonly isRevoked: (claims: AccessTokenClaims) => boolean;
  /** Who is asked about a token, one kind of token each. */
  readonly introspectors: readonly Introspector[];
  readonly limit: Limit;
  readonly logger: Logger;
}

/** GET /.well-known/oauth-authorization-server (RFC 8414 section 3). */
export function metadataRoutes(issuer: string, publicUrl: string): Router {
  const router = Router();
  const metadata = describeServer(issuer, publicUrl);

  router.get('/.well-known/oauth-authorization-server', (_req, res) => {
    res.json(metadata);
  });

  return router;
}

/** /oauth: forms in, JSON out, and refusals in the form of RFC 6749 section 5.2. Comes before JSON bodies are read. */
export function oauthRoutes(dependencies: OAuthRouteDependencies): Router {
  const { machines, sessions, rights, verifyLive, verifyGenuine, isRevoked, introspectors, limit } =
    dependencies;
  const checkClient = createClientCheck(machines);
  const grant = createTokenEndpoint({ machines, checkClient, sessions, rights });
  const revoke = createRevocation({ machines, checkClient, sessions, verifyGenuine, isRevoked });
  const router = Router();

  router.post('/oauth/token', limitByNetwork(limit, 'oauth-ip'), ...formBody(), async (req, res) => {
    const request = { ...clientRequestOf(req), countRefresh: countRefresh(res) };
    // RFC 6749 section 5.1.
    res.set('Pragma', 'no-cache').json(presentToken(await grant(request)));
  });

  router.post('/oauth/introspect', ...formBody(), async (req, res) => {
    const request = { ...clientRequestOf(req), countFailure: countFailure(req, res) };
    await demandAsker(req, res, request);
    res.json(await introspect(introspectors, demandParameter(request.form, 'token')));
  });

  router.post('/oauth/revoke', ...formBody(), async (req, res) => {
    await revoke({
      ...clientRequestOf(req),
      countFailure: countFailure(req, res),
      countAccess: (jti) => limit(res, 'token', jti),
      countRefresh: countRefresh(res),
    });
    res.status(200).end();
  });

  router.use(refuse(dependencies.logger));

  /** A machine that authenticates, or whoever has a bearer token, and may ask (RFC 7662 section 2.1). */
  async function demandAsker(req: Request, res: Response, request: ClientRequest): Promise<void> {
    const bearerToken = readBearerToken(req);
    const refusal = insufficientScope(INTROSPECT_PERMISSION);
    if (bearerToken === undefined) {
      const client = await checkClient(request);
      if (client === undefined)
        throw invalidClient('This needs a client that authenticates, or a bearer token.');
      // Without the challenge of a bearer token, which was not what was sent.
      if (!client.permissions.includes(INTROSPECT_PERMISSION)) {
        throw new OAuthError('insufficient_scope', refusal.detail);
      }
      return;
    }
    if (request.form.has('client_secret')) {
      throw new OAuthError('invalid_request', 'There is both a bearer token and a client secret.');
    }
    const claims = await verifyLive(demandToken(bearerToken));
    await limit(res, policyOf(claims), claims.jti);
    if (!permissionsOf(claims).includes(INTROSPECT_PERMISSION)) throw refusal;
  }

  function countFailure(req: Request, res: Response) {
    return () => limit(res, 'oauth-ip', networkOf(req.ip));
  }

  /** A token that was made here counts for its session, however often it has been rotated. */
  function countRefresh(res: Response) {
    return async (refreshToken: string) => {
      const sessionId = sessions.sessionIdIn(refreshToken);
      if (sessionId !== null) await limit(res, 'refresh-session', sessionId);
    };
  }

  return router;
}

function clientRequestOf(req: Request): ClientRequest {
  return {
    form: readForm(req.body),
    origin: originOf(req),
    authorization: req.headersDistinct.authorization ?? [],
    // The token endpoint counts every request.
    countFailure: async () => {},
  };
}

/** Turns whatever was thrown into the JSON of RFC 6749 section 5.2, and logs what the operator needs. */
const refuse =
  (logger: Logger): ErrorRequestHandler =>
  (thrown, req, res, next) => {
    const refusal = thrown instanceof OAuthError ? undefined : toAppError(thrown);
    const error = refusal === undefined ? (thrown as OAuthError) : toOAuthError(refusal);
    if (refusal !== undefined) logRefusal(logger, req, refusal, error.status);
    if (res.headersSent) {
      next(thrown);
      return;
    }
    if (error.quota) showQuota(res, error.quota);
    res.status(error.status).set({ 'Cache-Control': 'no-store', ...error.headers });
    res.json({ error: error.code, error_description: error.message });
  };
