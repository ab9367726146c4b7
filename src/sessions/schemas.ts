import { z } from 'zod';
import type { TokenGrant } from './service.ts';

/** The token members of a login answer, named by RFC 6749 section 5.1. */
export const tokenGrantShape = {
  access_token: z.string().meta({ description: 'Send it as Authorization: Bearer ACCESS_TOKEN' }),
  token_type: z.literal('Bearer'),
  expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the access token is valid', example: 900 }),
};

export function presentTokenGrant(grant: TokenGrant) {
  return {
    access_token: grant.accessToken,
    token_type: 'Bearer' as const,
    expires_in: grant.expiresInSeconds,
  };
}
