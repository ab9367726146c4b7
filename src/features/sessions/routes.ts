import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { Request, Response } from 'express';
import { AppError } from '../../core/errors.ts';
import type { Caller } from '../../core/principal.ts';
import type { SessionFilter } from '../../core/sessions/ports.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { demandToken, readBearerToken, unlessRefused } from '../../http/authenticate.ts';
import { JSON_BODY } from '../../http/body.ts';
import { callerOf, userOf } from '../../http/caller.ts';
import { originOf } from '../../http/origin.ts';
import { parse } from '../../http/parse.ts';
import type { Limit } from '../../http/rate-limit.ts';
import type { Route } from '../../http/route.ts';
import {
  LogoutBody,
  LogoutQuery,
  presentGrant,
  presentSessions,
  RefreshBody,
  SessionPath,
} from './schemas.ts';

export interface SessionRouteDependencies {
  readonly sessions: Sessions;
  /** The claims of a genuine token, even of one that has been revoked. */
  readonly verifyGenuine: (token: string) => AccessTokenClaims;
  readonly limit: Limit;
}

export function sessionRoutes(dependencies: SessionRouteDependencies): readonly Route[] {
  const { sessions, verifyGenuine, limit } = dependencies;
  return [
    {
      method: 'POST',
      path: '/refresh',
      limit: 'session-ip',
      access: 'public',
      body: JSON_BODY,
      async handle(req, res) {
        const { refresh_token } = parse(RefreshBody, req.body);
        await limitRefreshToken(res, refresh_token);
        res.json(presentGrant(await sessions.refresh(refresh_token, originOf(req))));
      },
    },

    {
      method: 'POST',
      path: '/logout',
      limit: 'session-ip',
      access: 'public',
      body: JSON_BODY,
      async handle(req, res) {
        const { scope } = parse(LogoutQuery, req.query);
        const { userId, sessionId, mayEndOthers } = await whoLogsOut(req, res);
        // A session that has ended has no power over the others: whoever took its tokens could end them for ever.
        if (scope === 'local' || (mayEndOthers && (await sessions.isSessionLive(sessionId)))) {
          const caller: Caller = { actor: { type: 'user', id: userId }, origin: originOf(req), sessionId };
          await sessions.end(filterOf(scope, userId, sessionId), 'logout', caller);
        }
        res.status(204).end();
      },
    },

    {
      method: 'GET',
      path: '/sessions',
      access: 'user',
      async handle(req, res) {
        const { userId, sessionId } = userOf(req);
        res.json(presentSessions(await sessions.list(userId), sessionId));
      },
    },

    {
      method: 'DELETE',
      path: '/sessions/{id}',
      access: 'user',
      async handle(req, res) {
        const id = SessionPath.safeParse(req.params).data?.id;
        if (id === undefined) throw new AppError('session_not_found');
        const filter = { userId: userOf(req).userId, id };
        const ended = await sessions.end(filter, 'ended_by_user', callerOf(req));
        if (ended === 0) throw new AppError('session_not_found');
        res.status(204).end();
      },
    },
  ];

  /**
   * By the access token, even of a session that has ended, so that logging out twice is no error; else by a refresh
   * token, for a client whose access token has expired.
   */
  async function whoLogsOut(req: Request, res: Response): Promise<LoggingOut> {
    const refreshToken = parse(LogoutBody, req.body)?.refresh_token;
    const accessToken = readBearerToken(req);
    const read = () => verifyGenuine(demandToken(accessToken));
    const claims = refreshToken === undefined ? read() : await unlessRefused(read);
    if (claims !== undefined) {
      if (claims.client_id !== undefined) throw new AppError('user_required');
      await limit(res, 'token', claims.jti);
      return { userId: claims.sub, sessionId: claims.sid ?? '', mayEndOthers: true };
    }
    await limitRefreshToken(res, refreshToken ?? '');
    const found = await sessions.sessionOf(refreshToken ?? '');
    if (found === null) throw new AppError('invalid_refresh_token');
    const { session, isLatest } = found;
    return { userId: session.userId, sessionId: session.id, mayEndOthers: isLatest };
  }

  /** A token that was made here counts for its session, however often it has been rotated. */
  async function limitRefreshToken(res: Response, refreshToken: string): Promise<void> {
    const sessionId = sessions.sessionIdIn(refreshToken);
    if (sessionId !== null) await limit(res, 'refresh-session', sessionId);
  }
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
