import { z } from 'zod';
import { BEARER_SECURITY, json, type Paths, refusals, TOKEN_REFUSALS } from '../../http/openapi.ts';

const TAGS = ['Tokens'];

const Claims = z
  .object({
    iss: z.string(),
    aud: z.union([z.string(), z.array(z.string())]),
    sub: z.string().meta({ description: 'The id of the user or of the machine' }),
    sid: z.string().optional().meta({ description: 'The id of the session; a machine has none' }),
    rot: z.number().optional().meta({
      description: 'How many refreshes the session had come to when this was issued; absent after a login',
    }),
    client_id: z.string().optional().meta({ description: 'The id of the machine' }),
    api_key_id: z.string().optional().meta({ description: 'The id of the API key' }),
    iat: z.number(),
    exp: z.number(),
    jti: z.string(),
    roles: z.array(z.string()),
    scope: z.string().meta({ description: 'The permissions of all roles, separated by spaces' }),
    rv: z.array(z.number()).meta({ description: 'Since when the user and each role have these rights' }),
    from_roles: z.array(z.string()).optional().meta({
      description: 'Where the scope was narrowed, and roles is empty therefore: which roles it came from',
    }),
  })
  .meta({ id: 'Claims' });

const Jwks = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })),
});

const header = (description: string) => ({ schema: { type: 'string' as const }, description });

export const tokenPaths: Paths = {
  '/verify': {
    get: {
      operationId: 'verify',
      tags: TAGS,
      summary: 'Verify an access token, for gateways',
      description: 'Answers any method, and any path below, in the same way, as gateways ask them.',
      security: BEARER_SECURITY,
      responses: {
        200: {
          description: 'The claims, also as headers for the service behind the gateway',
          headers: {
            'X-Auth-Subject': header('The claim sub'),
            'X-Auth-Session': header('The claim sid'),
            'X-Auth-Roles': header('The claim roles, separated by spaces'),
            'X-Auth-Scope': header('The claim scope'),
          },
          ...json(Claims),
        },
        ...refusals(...TOKEN_REFUSALS),
      },
    },
  },
  '/.well-known/jwks.json': {
    get: {
      operationId: 'jwks',
      tags: TAGS,
      summary: 'The public keys of RS256 and ES256 tokens; none under HS256',
      responses: { 200: { description: 'A JSON Web Key Set (RFC 7517)', ...json(Jwks) }, ...refusals() },
    },
  },
};
