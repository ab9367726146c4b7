import type { AccessTokenClaims } from '@latchkey/verifier/core';
import { anyone, bearer } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import { Claims, Jwks } from './schemas.ts';

const JWKS_MAX_AGE_SECONDS = 300;

const route = routesWith<{ readonly jwks: string }>();

const TOKENS: Tag = {
  name: 'Tokens',
  description: 'Verification for gateways and other services',
};

export const gatewayRoutes = [
  // Envoy keeps the method of the request that it asks about, and puts that request's path after /verify. The body of
  // that request, if it is sent along, is not read.
  route({
    id: 'verify',
    method: 'ANY',
    path: '/verify',
    below: true,
    tag: TOKENS,
    summary: 'Verify an access token, for gateways',
    description: 'Answers any method, and any path below, in the same way, as gateways ask them.',
    access: bearer(),
    fast: true,
    answers: {
      200: {
        description: 'The claims, also as headers for the service behind the gateway',
        headers: {
          'X-Auth-Subject': 'The claim sub',
          'X-Auth-Session': 'The claim sid',
          'X-Auth-Roles': 'The claim roles, separated by spaces',
          'X-Auth-Scope': 'The claim scope',
        },
        schema: Claims,
      },
    },
    handle({ caller }) {
      const { claims } = caller.principal;
      return ok(claims, { headers: headersOf(claims) });
    },
  }),

  route({
    id: 'jwks',
    method: 'GET',
    path: '/.well-known/jwks.json',
    tag: TOKENS,
    summary: 'The public keys of RS256 and ES256 tokens; none under HS256',
    access: anyone(),
    answers: { 200: { description: 'A JSON Web Key Set (RFC 7517)', schema: Jwks } },
    handle: (_input, { jwks }) => ({
      status: 200 as const,
      headers: { 'Cache-Control': `public, max-age=${JWKS_MAX_AGE_SECONDS}` },
      content: { mediaType: 'application/json; charset=utf-8', bytes: jwks },
    }),
  }),
];

/** Each header is always there, so that a gateway that copies them overwrites whatever a client sent. */
function headersOf(claims: AccessTokenClaims) {
  return {
    'X-Auth-Subject': claims.sub,
    'X-Auth-Session': claims.sid ?? '',
    'X-Auth-Roles': claims.roles.join(' '),
    'X-Auth-Scope': claims.scope,
  };
}
