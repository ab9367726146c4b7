import type { Count } from '../limits/rate-limiter.ts';
import type { RefreshTokenContent } from './refresh-token.ts';

/**
 * Counts a refresh token that was made here for its session, however often it has been rotated.
 * @throws AppError rate_limited
 */
export async function countRefresh(token: RefreshTokenContent | null, count: Count): Promise<void> {
  if (token !== null) await count('refresh-session', token.sessionId);
}
