import { z } from 'zod';
import { type Session, TRANSPORTS } from './session.ts';

export const SessionView = z
  .strictObject({
    id: z.uuid(),
    method: z.string().meta({ description: 'How the person logged in', example: 'password' }),
    transport: z.enum(TRANSPORTS).meta({ description: 'What the device holds: tokens or a cookie' }),
    user_agent: z.string().nullable(),
    ip: z.string().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().meta({ description: 'The login, or the minute of the latest renewal' }),
    expires_at: z.iso.datetime().meta({ description: 'When it ends unless it is renewed' }),
    current: z.boolean().meta({ description: 'Whether this request came with it' }),
  })
  .meta({ id: 'Session' });

export const SessionsAnswer = z.strictObject({ sessions: z.array(SessionView) });

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
      transport: session.cookieKey === null ? 'token' : 'cookie',
      user_agent: session.userAgent,
      ip: session.ip,
      created_at: session.createdAt.toISOString(),
      last_used_at: lastUsedOf(session).toISOString(),
      expires_at: session.idleExpiresAt.toISOString(),
      current: session.id === currentId,
    })),
  };
}
