import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import { tokenKeyOf } from '../../core/limits/quota.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import { type RequestOrigin, userCaller } from '../../core/principal.ts';
import { countRefresh } from '../../core/sessions/count-refresh.ts';
import { requireToken, unlessRefused } from '../../http/authenticate.ts';

export type LogoutScope = 'local' | 'others' | 'global';

export interface LogoutRequest {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
  /** The id in the cookie, which is asked for where there is no other credential. */
  readonly takeCookie: (goesOn: boolean) => string | undefined;
  /** The ids in the cookies beside another credential. */
  readonly cookieIds: () => readonly string[];
  readonly scope: LogoutScope;
  readonly origin: RequestOrigin;
  readonly count: Count;
}

interface ProvenSession {
  readonly userId: string;
  readonly sessionId: string;
  /** Not with a refresh token that was used up: it may have been copied. */
  readonly mayEndOthers: boolean;
}

type LogoutDependencies = Pick<Core, 'sessions' | 'apiKeys' | 'verifyToken'>;

/** Makes the function that ends the session of a request, or others of the same user. */
export function createLogout({ sessions, apiKeys, verifyToken }: LogoutDependencies) {
  /**
   * @throws AppError token_missing, token_invalid, token_expired, user_required, session_required, invalid_refresh_token,
   * credentials_conflict, origin_not_allowed, csrf_token_invalid, rate_limited
   */
  return async function logOut(request: LogoutRequest): Promise<void> {
    const { scope, origin } = request;
    const proven = await sessionOf(request);
    // A cookie of which nothing is known any more.
    if (proven === null) return;
    const { userId, sessionId, mayEndOthers } = proven;
    // A session that has ended has no power over the others: a thief with its tokens could go on ending them.
    if (scope !== 'local' && !(mayEndOthers && (await sessions.isSessionLive(sessionId)))) return;
    await sessions.end(filterOf(scope, userId, sessionId), 'logout', userCaller(userId, origin, sessionId));
  };

  /**
   * By the access token, even of a session that has ended, so that logging out twice is not an error; else by a refresh
   * token, for a client whose access token has expired; or by the cookie alone.
   */
  async function sessionOf(request: LogoutRequest): Promise<ProvenSession | null> {
    const { accessToken, refreshToken, takeCookie, cookieIds, scope, count } = request;
    if (accessToken === undefined && refreshToken === undefined) {
      const cookieId = takeCookie(scope === 'others');
      if (cookieId !== undefined) return sessionOfCookie(cookieId, count);
    }
    const proven = await sessionOfToken(accessToken, refreshToken, count);
    await requireSameUser(proven.userId, cookieIds());
    return proven;
  }

  async function sessionOfToken(
    accessToken: string | undefined,
    refreshToken: string | undefined,
    count: Count,
  ): Promise<ProvenSession> {
    const read = () => claimsIn(requireToken(accessToken));
    const claims = refreshToken === undefined ? read() : await unlessRefused(read);
    if (claims !== undefined) {
      if (claims.client_id !== undefined) throw new AppError('user_required');
      await count('token', tokenKeyOf(claims));
      return { userId: claims.sub, sessionId: claims.sid ?? '', mayEndOthers: true };
    }
    const token = sessions.readRefreshToken(refreshToken ?? '');
    await countRefresh(token, count);
    const found = await sessions.sessionOf(token);
    if (found === null) throw new AppError('invalid_refresh_token');
    return { userId: found.session.userId, sessionId: found.session.id, mayEndOthers: found.isLatest };
  }

  /** A cookie whose session has ended does not count. @throws AppError credentials_conflict */
  async function requireSameUser(userId: string, cookieIds: readonly string[]): Promise<void> {
    const found = await Promise.all(cookieIds.map(sessions.sessionOfCookie));
    if (found.some((session) => session !== null && session.revokedAt === null && session.userId !== userId))
      throw new AppError('credentials_conflict');
  }

  async function sessionOfCookie(cookieId: string, count: Count): Promise<ProvenSession | null> {
    const session = await sessions.sessionOfCookie(cookieId);
    if (session === null) return null;
    await count('token', session.id);
    return { userId: session.userId, sessionId: session.id, mayEndOthers: true };
  }

  function claimsIn(accessToken: string) {
    if (apiKeys.isKey(accessToken)) throw new AppError('session_required');
    return verifyToken(accessToken);
  }
}

function filterOf(scope: LogoutScope, userId: string, sessionId: string) {
  if (scope === 'local') return { userId, id: sessionId };
  return scope === 'others' ? { userId, exceptId: sessionId } : { userId };
}
