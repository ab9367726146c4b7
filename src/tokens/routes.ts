import type { AccessTokenClaims } from '@latchkey/verifier/core';
import { type RequestHandler, Router } from 'express';
import { claimsOf } from '../http/authenticate.ts';
import type { KeyRing } from './keys.ts';

const JWKS_MAX_AGE_SECONDS = 300;

export const GATEWAY_PATH = '/verify';

export function keyRoutes(keys: KeyRing): Router {
  const router = Router();

  router.get('/.well-known/jwks.json', (_req, res) => {
    res.set('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`).json(keys.jwks);
  });

  return router;
}

/**
 * GET /verify, and what gateways make of it: Envoy keeps the method of the request that it asks about and puts that
 * request's path behind /verify. Comes before whatever looks at methods and paths.
 */
export function gatewayRoutes(authenticate: RequestHandler): Router {
  const router = Router();

  router.all(`${GATEWAY_PATH}{/*path}`, authenticate, (req, res) => {
    const claims = claimsOf(req);
    res.set(gatewayHeaders(claims));
    res.json(claims);
  });

  return router;
}

/** Each header is always there, so that a gateway that copies them overwrites whatever a client sent. */
export function gatewayHeaders(claims: AccessTokenClaims): Readonly<Record<string, string>> {
  return {
    'X-Auth-Subject': claims.sub,
    'X-Auth-Session': claims.sid ?? '',
    'X-Auth-Roles': claims.roles.join(' '),
    'X-Auth-Scope': claims.scope,
  };
}
