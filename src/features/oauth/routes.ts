import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { RightsStore } from '../../core/sessions/ports.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { policyOf, readBearerToken, type TokenCheck } from '../../http/authenticate.ts';
import { FORM_BODY } from '../../http/body.ts';
import { insufficientScope, permissionsOf } from '../../http/caller.ts';
import { closeAfter } from '../../http/when-over.ts';
import { networkOf, originOf } from '../../http/origin.ts';
import { isPaced, logRefusal, toAppError } from '../../http/problem.ts';
import { type Limit, showQuota } from '../../http/rate-limit.ts';
import type { RefusalBudget } from '../../http/refusal-budget.ts';
import type { Route } from '../../http/route.ts';
import { type ClientHeader, type ClientRequest, createClientCheck } from './credentials.ts';
import { invalidClient, OAuthError, toOAuthError } from './errors.ts';
import { demandParameter, readForm } from './form.ts';
import { INTROSPECT_PERMISSION, introspect } from './introspection.ts';
import { describeServer } from './metadata.ts';
import type { Introspector, Machine, Machines } from './ports.ts';
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
  readonly refusalBudget: RefusalBudget;
  readonly logger: Logger;
}

declare global {
  namespace Express {
    interface Request {
      /** The client that authenticated by header, at /oauth. */
      oauthClient?: Machine | undefined;
    }
  }
}

/** GET /.well-known/oauth-authorization-server (RFC 8414 section 3). */
export function metadataRoutes(issuer: string, publicUrl: string): readonly Route[] {
  const metadata = describeServer(issuer, publicUrl);
  return [
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      access: 'public',
      handle(_req, res) {
        res.json(metadata);
      },
    },
  ];
}

/**
 * /oauth: forms in, JSON out, and refusals in the form of RFC 6749 section 5.2. A client that authenticates by header does so before the form is read; a request without one is counted by its address
 * first.
 */
export function oauthRoutes(dependencies: OAuthRouteDependencies): readonly Route[] {
  const { machines, sessions, rights, verifyLive, verifyGenuine, isRevoked, introspectors, limit } =
    dependencies;
  const { check: checkClient, checkHeader } = createClientCheck(machines);
  const grant = createTokenEndpoint({ machines, checkClient, sessions, rights });
  const revoke = createRevocation({ machines, checkClient, sessions, verifyGenuine, isRevoked });
  const refuse = createOAuthRefusal(dependencies.logger, dependencies.refusalBudget);

  return [
    {
      method: 'POST',
      path: '/oauth/token',
      limit: 'oauth-ip',
      access: { authenticate: (req) => authenticateClient(req, async () => {}) },
      body: FORM_BODY,
      refuse,
      async handle(req, res) {
        // This endpoint has counted the request already.
        const request = clientRequestOf(req, async () => {});
        const granted = await grant({ ...request, countRefresh: countRefresh(res) });
        // RFC 6749 section 5.1.
        res.set('Pragma', 'no-cache').json(presentToken(granted));
      },
    },
    {
      method: 'POST',
      path: '/oauth/introspect',
      limit: 'oauth-ip',
      limitSparesAuthorization: true,
      access: { authenticate: authenticateAsker },
      body: FORM_BODY,
      refuse,
      async handle(req, res) {
        const request = clientRequestOf(req, countFailure(req, res));
        await requireAsker(req, request);
        res.json(await introspect(introspectors, demandParameter(request.form, 'token')));
      },
    },
    {
      method: 'POST',
      path: '/oauth/revoke',
      limit: 'oauth-ip',
      limitSparesAuthorization: true,
      access: { authenticate: (req, res) => authenticateClient(req, countFailure(req, res)) },
      body: FORM_BODY,
      refuse,
      async handle(req, res) {
        await revoke({
          ...clientRequestOf(req, countFailure(req, res)),
          countAccess: (jti) => limit(res, 'token', jti),
          countRefresh: countRefresh(res),
        });
        res.status(200).end();
      },
    },
  ];

  async function authenticateClient(req: Request, countFailure: () => Promise<void>): Promise<void> {
    req.oauthClient = await checkHeader({ ...clientHeaderOf(req), countFailure });
  }

  /** Whoever has a bearer token that may ask (RFC 7662 section 2.1), or a client, which may also do so in the form. */
  async function authenticateAsker(req: Request, res: Response): Promise<void> {
    const bearerToken = readBearerToken(req);
    if (bearerToken === undefined) return authenticateClient(req, countFailure(req, res));
    req.claims = await verifyLive(bearerToken);
    await limit(res, policyOf(req.claims), req.claims.jti);
    if (!permissionsOf(req.claims).includes(INTROSPECT_PERMISSION)) throw cannotAsk();
  }

  async function requireAsker(req: Request, request: ClientRequest): Promise<void> {
    if (req.claims !== undefined) {
      if (!request.form.has('client_secret')) return;
      throw new OAuthError('invalid_request', 'There is both a bearer token and a client secret.');
    }
    const client = await checkClient(request);
    if (client === undefined)
      throw invalidClient('This needs a client that authenticates, or a bearer token.');
    // Without the challenge of a bearer token, which was not what was sent.
    if (!client.permissions.includes(INTROSPECT_PERMISSION)) {
      throw new OAuthError('insufficient_scope', cannotAsk().detail);
    }
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
}

const cannotAsk = () => insufficientScope(INTROSPECT_PERMISSION);

function clientHeaderOf(req: Request): Omit<ClientHeader, 'countFailure'> {
  return { origin: originOf(req), authorization: req.headersDistinct.authorization ?? [] };
}

function clientRequestOf(req: Request, countFailure: () => Promise<void>): ClientRequest {
  return { ...clientHeaderOf(req), form: readForm(req.body), proven: req.oauthClient, countFailure };
}

/**
 * Turns whatever was thrown into the JSON of RFC 6749 section 5.2, and logs what the operator needs. What a client is to ask
 * for later goes out as `budget` has it.
 */
const createOAuthRefusal =
  (logger: Logger, budget: RefusalBudget) =>
  (thrown: unknown, req: Request, res: Response): void => {
    const refusal = thrown instanceof OAuthError ? undefined : toAppError(thrown);
    const error = refusal === undefined ? (thrown as OAuthError) : toOAuthError(refusal);
    if (refusal !== undefined) logRefusal(logger, req, refusal, error.status);
    if (res.headersSent) throw thrown;
    const send = () => {
      if (res.destroyed) return;
      if (error.quota) showQuota(res, error.quota);
      res.status(error.status).set({ 'Cache-Control': 'no-store', ...error.headers });
      res.json({ error: error.code, error_description: error.message });
    };
    if (refusal && isPaced(refusal))
      budget.pace(networkOf(req.ip), { send, makeLast: () => closeAfter(res) });
    else send();
  };
