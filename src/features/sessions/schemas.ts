import { z } from 'zod';
import type { Session } from '../../core/sessions/ports.ts';
import type { SessionGrant } from '../../core/sessions/sessions.ts';
import { wellFormedText } from '../../core/values/text.ts';

/** The token members of an answer, named by RFC 6749 section 5.1. */
export const sessionGrantShape = {
  access_token: z.string().meta({ description: 'Send it as Authorization: Bearer ACCESS_TOKEN' }),
  token_type: z.literal('Bearer'),
  expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the access token is valid', example: 900 }),
  refresh_token: z.string().meta({ description: 'Trade it at POST /refresh; good once' }),
  refresh_expires_in: z
    .int()
    .positive()
    .meta({ description: 'Seconds for which the refresh token is valid', example: 2_592_000 }),
};

const RefreshToken = wellFormedText.meta({ example: 'REFRESH_TOKEN' });

export const RefreshBody = z
  .strictObject({ refresh_token: RefreshToken })
  .meta({ id: 'Refresh', example: { refresh_token: 'REFRESH_TOKEN' } });

/** No body at all is an empty one. */
export const LogoutBody = z
  .strictObject({ refresh_token: RefreshToken.optional() })
  .meta({ id: 'Logout', example: {} })
  .optional();

export const LogoutQuery = z.strictObject({
  scope: z
    .enum(['local', 'others', 'global'])
    .default('local')
    .meta({ description: 'This session, all others of the user, or all' }),
});

export const SessionPath = z.object({
  id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
});

export const RefreshAnswer = z.strictObject(sessionGrantShape).meta({ id: 'RefreshAnswer' });

export const SessionView = z
  .strictObject({
    id: z.uuid(),
    method: z.string().meta({ description: 'How the person logged in', example: 'password' }),
    user_agent: z.string().nullable(),
    ip: z.string().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().meta({ description: 'The login, or the minute of the latest refresh' }),
    expires_at: z.iso.datetime().meta({ description: 'When it ends unless it is refreshed' }),
    current: z.boolean().meta({ description: 'Whether this request came with it' }),
  })
  .meta({ id: 'Session' });

export const SessionsAnswer = z.strictObject({ sessions: z.array(SessionView) });

export function presentGrant(grant: SessionGrant): z.infer<typeof RefreshAnswer> {
  return {
    access_token: grant.accessToken,
    token_type: 'Bearer',
    expires_in: grant.expiresInSeconds,
    refresh_token: grant.refreshToken,
    refresh_expires_in: grant.refreshExpiresInSeconds,
  };
}

/** By the minute, since by the second it would tell a thief when to follow with a copied refresh token. */
function lastUsedOf({ createdAt, lastUsedAt }: Session): Date {
  const minute = lastUsedAt.getTime() - (lastUsedAt.getTime() % 60_000);
  return new Date(Math.max(createdAt.getTime(), minute));
}

/** Member by member, so that nothing the store adds can leak. */
export function presentSessions(
  sessions: readonly Session[],
  currentId: string | null,
): z.infer<typeof SessionsAnswer> {
  return {
    sessions: sessions.map((session) => ({
      id: session.id,
      method: session.method,
      user_agent: session.userAgent,
      ip: session.ip,
      created_at: session.createdAt.toISOString(),
      last_used_at: lastUsedOf(session).toISOString(),
      expires_at: session.idleExpiresAt.toISOString(),
      current: session.id === currentId,
    })),
  };
}
