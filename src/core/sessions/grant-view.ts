import { z } from 'zod';
import type { AccessGrant, TokenGrant } from './sessions.ts';

/** The members of an answer with an access token, named by RFC 6749 section 5.1. */
export const accessGrantShape = {
  access_token: z.string().meta({ description: 'Send it as Authorization: Bearer ACCESS_TOKEN' }),
  token_type: z.literal('Bearer'),
  expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the access token is valid', example: 900 }),
};

/** The same with a refresh token. */
export const tokenGrantShape = {
  ...accessGrantShape,
  refresh_token: z.string().meta({ description: 'Exchange it at POST /refresh; single use' }),
  refresh_expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the refresh token is valid', example: 2_592_000 }),
};

export const GrantView = z.strictObject(tokenGrantShape).meta({ id: 'RefreshAnswer' });

export function presentAccess({ accessToken, expiresInSeconds }: AccessGrant) {
  return { access_token: accessToken, token_type: 'Bearer' as const, expires_in: expiresInSeconds };
}

export function presentGrant(grant: TokenGrant): z.infer<typeof GrantView> {
  return {
    ...presentAccess(grant),
    refresh_token: grant.refreshToken,
    refresh_expires_in: grant.refreshExpiresInSeconds,
  };
}
