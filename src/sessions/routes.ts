import { type Request, type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { claimsOf, readBearerToken } from '../http/authenticate.ts';
import { parse } from '../http/parse.ts';
import type { AccessTokenClaims } from '../tokens/verify.ts';
import type { SessionFilter } from './ports.ts';
import {
  LogoutBody,
  LogoutQuery,
  presentGrant,
  presentSessions,
  RefreshBody,
  SessionPath,
} from './schemas.ts';
import type { Sessions } from './service.ts';

export interface SessionRouteDependencies {
  readonly sessions: Sessions;
  readonly authenticate: RequestHandler;
  /** The claims of a genuine token, even of one that has been revoked. */
  readonly verifyGenuine: (token: string) => AccessTokenClaims;
}

export function sessionRoutes({ sessions, authenticate, verifyGenuine }: SessionRouteDependencies): Router {
  const router = Router();

  router.post('/refresh', async (req, res) => {
    res.json(presentGrant(await sessions.refresh(parse(RefreshBody, req.body).refresh_token)));
  });

  router.post('/logout', async (req, res) => {
    const { scope } = parse(LogoutQuery, req.query);
    const { userId, sessionId, mayEndOthers } = await whoLogsOut(req);
    // A session that has ended has no power over the others: whoever took its tokens could end them for ever.
    if (scope === 'local' || (mayEndOthers && (await sessions.isSessionLive(sessionId)))) {
      await sessions.end(filterOf(scope, userId, sessionId), 'logout');
    }
    res.status(204).end();
  });

  router.get('/sessions', authenticate, async (req, res) => {
    const { sub, sid } = claimsOf(req);
    res.json(presentSessions(await sessions.list(sub), sid));
  });

  router.delete('/sessions/:id', authenticate, async (req, res) => {
    const id = SessionPath.safeParse(req.params).data?.id;
    if (id === undefined) throw new AppError('session_not_found');
    const ended = await sessions.end({ userId: claimsOf(req).sub, id }, 'ended_by_user');
    if (ended === 0) throw new AppError('session_not_found');
    res.status(204).end();
  });

  /**
   * By the access token, even of a session that has ended, so that logging out twice is no error; else by a refresh
   * token, for a client whose access token has expired.
   */
  async function whoLogsOut(req: Request): Promise<LoggingOut> {
    const refreshToken = parse(LogoutBody, req.body)?.refresh_token;
    const accessToken = readBearerToken(req);
    try {
      if (accessToken === undefined) throw new AppError('token_missing');
      const { sub, sid } = verifyGenuine(accessToken);
      return { userId: sub, sessionId: sid, mayEndOthers: true };
    } catch (error) {
      if (refreshToken === undefined) throw error;
      const found = await sessions.sessionOf(refreshToken);
      if (found === null) throw new AppError('invalid_refresh_token');
      const { session, isLatest } = found;
      return { userId: session.userId, sessionId: session.id, mayEndOthers: isLatest };
    }
  }

  return router;
}

interface LoggingOut {
  readonly userId: string;
  readonly sessionId: string;
  /** Not with a refresh token that was used up: it may have been copied. */
  readonly mayEndOthers: boolean;
}

function filterOf(scope: 'local' | 'others' | 'global', userId: string, sessionId: string): SessionFilter {
  if (scope === 'local') return { userId, id: sessionId };
  return scope === 'others' ? { userId, exceptId: sessionId } : { userId };
}
