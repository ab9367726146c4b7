import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { KeyRing } from '../../core/tokens/keys.ts';
import { claimsOf } from '../../http/authenticate.ts';
import type { Route } from '../../http/route.ts';

const JWKS_MAX_AGE_SECONDS = 300;

export const GATEWAY_PATH = '/verify';

export function keyRoutes(keys: KeyRing): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      access: 'public',
      handle(_req, res) {
        res.set('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`).json(keys.jwks);
      },
    },
  ];
}

/**
 * GET /verify, and what gateways make of it: Envoy keeps the method of the request that it asks about and puts that
 * request's path behind /verify. The body of that request, if it is sent along, is not read.
 */
export function gatewayRoutes(): readonly Route[] {
  return [
    {
      method: 'ANY',
      path: GATEWAY_PATH,
      below: true,
      access: 'bearer',
      handle(req, res) {
        const claims = claimsOf(req);
        res.set(gatewayHeaders(claims));
        res.json(claims);
      },
    },
  ];
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
