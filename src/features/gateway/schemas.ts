import { z } from 'zod';

export const Claims = z
  .object({
    iss: z.string(),
    aud: z.union([z.string(), z.array(z.string())]),
    sub: z.string().meta({ description: 'The id of the user or of the machine client' }),
    sid: z.string().optional().meta({ description: 'The id of the session; a machine client has none' }),
    rot: z.number().optional().meta({
      description: 'How many refreshes the session had come to when this was issued; absent after a login',
    }),
    client_id: z.string().optional().meta({ description: 'The id of the machine client' }),
    api_key_id: z.string().optional().meta({ description: 'The id of the API key' }),
    iat: z.number(),
    exp: z.number(),
    jti: z.string(),
    roles: z.array(z.string()),
    scope: z.string().meta({ description: 'The permissions of all roles, separated by spaces' }),
    rv: z.array(z.number()).meta({ description: 'Since when the user and each role have these rights' }),
    from_roles: z.array(z.string()).optional().meta({
      description: 'The roles behind a scope that was narrowed; roles is then empty',
    }),
    amr: z
      .array(z.string())
      .optional()
      .meta({ description: 'How the user authenticated (RFC 8176)', example: ['pwd'] }),
    acr: z.string().optional().meta({ description: 'By how many factors: 1, or 2', example: '1' }),
    auth_time: z.number().optional().meta({ description: 'When that was, in seconds since 1970' }),
  })
  .meta({ id: 'Claims' });

export const Jwks = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })),
});
