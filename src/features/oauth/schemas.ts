import { z } from 'zod';
import { OAUTH_ERRORS, type OAuthErrorCode } from './errors.ts';
import { GRANT_TYPES, type Grant } from './grant.ts';

const clientShape = {
  client_id: z.string().optional().meta({ description: 'With client_secret, instead of the Basic scheme' }),
  client_secret: z.string().optional().meta({ format: 'password' }),
};

const Scope = z
  .string()
  .meta({ description: 'Permissions separated by spaces', example: 'tokens:introspect' });

/** Parameters that are not listed are ignored (RFC 6749 section 3.2). */
export const TokenForm = z
  .object({
    grant_type: z.enum(GRANT_TYPES),
    scope: Scope.optional().meta({ description: 'Narrows the permissions; without it all are granted' }),
    refresh_token: z.string().optional().meta({ description: 'For grant_type=refresh_token' }),
    ...clientShape,
  })
  .meta({
    id: 'TokenForm',
    example: {
      grant_type: 'client_credentials',
      client_id: '01a1f739-6923-7248-88fc-19260e07eec4',
      client_secret: 'lcs_1nvE9zcq3ZSlXv7C7xkmBuDsxbsYzmMLtT5k0dLQd0A',
    },
  });

const presentedToken = {
  token: z.string(),
  token_type_hint: z.string().optional().meta({ description: 'Accepted and ignored' }),
  ...clientShape,
};

const PRESENTED_TOKEN_EXAMPLE = {
  token: 'ACCESS_TOKEN',
  client_id: '01a1f739-6923-7248-88fc-19260e07eec4',
  client_secret: 'lcs_1nvE9zcq3ZSlXv7C7xkmBuDsxbsYzmMLtT5k0dLQd0A',
};

export const IntrospectionForm = z
  .object(presentedToken)
  .meta({ id: 'IntrospectionForm', example: PRESENTED_TOKEN_EXAMPLE });

export const RevocationForm = z
  .object(presentedToken)
  .meta({ id: 'RevocationForm', example: PRESENTED_TOKEN_EXAMPLE });

/** RFC 6749 section 5.1. */
export const TokenAnswer = z
  .strictObject({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().positive().meta({ example: 900 }),
    refresh_token: z.string().optional().meta({ description: 'The successor of the one sent' }),
    scope: z.string().meta({ description: 'The permissions of the access token, separated by spaces' }),
  })
  .meta({ id: 'TokenAnswer' });

/** RFC 7662 section 2.2. */
export const IntrospectionAnswerView = z
  .union([
    z.strictObject({ active: z.literal(false) }),
    z.strictObject({
      active: z.literal(true),
      token_type: z
        .enum(['Bearer', 'refresh_token', 'api_key'])
        .meta({ description: 'Bearer for an access token' }),
      sub: z.string(),
      scope: z.string().optional(),
      client_id: z.string().optional(),
      sid: z.string().optional(),
      roles: z.array(z.string()).optional(),
      iss: z.string().optional(),
      aud: z.union([z.string(), z.array(z.string())]).optional(),
      jti: z.string().optional(),
      acr: z.string().optional().meta({ description: 'By how many factors: 1, or 2 (RFC 9470)' }),
      auth_time: z.number().optional().meta({ description: 'When the user authenticated' }),
      iat: z.number().optional(),
      exp: z.number().optional(),
    }),
  ])
  .meta({ id: 'Introspection', description: 'Only active: false for a token that is not valid' });

export const ServerMetadata = z
  .strictObject({
    issuer: z.string().meta({ description: 'The claim iss of every access token' }),
    token_endpoint: z.url(),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    introspection_endpoint: z.url(),
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
    revocation_endpoint: z.url(),
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
    jwks_uri: z.url(),
    service_documentation: z.url(),
  })
  .meta({ id: 'AuthorizationServer' });

/** RFC 6749 section 5.2. */
export const OAuthErrorView = z
  .strictObject({
    error: z.enum(Object.keys(OAUTH_ERRORS) as [OAuthErrorCode, ...OAuthErrorCode[]]),
    error_description: z.string().meta({ description: 'The reason in this case, for a person to read' }),
  })
  .meta({ id: 'OAuthError', description: 'The refusal of an OAuth endpoint' });

export function presentToken(grant: Grant): z.infer<typeof TokenAnswer> {
  return {
    access_token: grant.accessToken,
    token_type: 'Bearer',
    expires_in: grant.expiresInSeconds,
    ...(grant.refreshToken !== undefined && { refresh_token: grant.refreshToken }),
    scope: grant.permissions.join(' '),
  };
}
