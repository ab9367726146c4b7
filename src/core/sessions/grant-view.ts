import { z } from 'zod';
import type { SessionGrant } from './sessions.ts';

/** The token members of an answer, named by RFC 6749 section 5.1. */
export const sessionGrantShape = {
  access_token: z.string().meta({ description: 'Send it as Authorization: Bearer ACCESS_TOKEN' }),
  token_type: z.literal('Bearer'),
  expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the access token is valid', example: 900 }),
  refresh_token: z.string().meta({ description: 'Exchange it at POST /refresh; single use' }),
  refresh_expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the refresh token is valid', example: 2_592_000 }),
};

export const GrantView = z.strictObject(sessionGrantShape).meta({ id: 'RefreshAnswer' });

export function presentGrant(grant: SessionGrant): z.infer<typeof GrantView> {
  return {
    access_token: grant.accessToken,
    token_type: 'Bearer',
    expires_in: grant.expiresInSeconds,
    refresh_token: grant.refreshToken,
    refresh_expires_in: grant.refreshExpiresInSeconds,
  };
}
