import type { RequestPolicy } from '../limits/rate-limiter.ts';
import type { Sessions } from './sessions.ts';

/** Counts a request against a limit. @throws AppError rate_limited */
export type Count = (policy: RequestPolicy, key: string) => Promise<void>;

/**
 * Counts a refresh token that was made here for its session, however often it has been rotated.
 * @throws AppError rate_limited
 */
export async function countRefresh(
  sessions: Pick<Sessions, 'sessionIdIn'>,
  refreshToken: string,
  count: Count,
): Promise<void> {
  const sessionId = sessions.sessionIdIn(refreshToken);
  if (sessionId !== null) await count('refresh-session', sessionId);
}
