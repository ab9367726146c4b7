import { AppError } from '../../core/errors.ts';
import type { SecondFactors } from '../../core/factors/second-factors.ts';
import { presentDevices } from '../../core/factors/view.ts';
import { countRefresh } from '../../core/sessions/count-refresh.ts';
import { GrantView, presentGrant } from '../../core/sessions/grant-view.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { presentSessions } from '../../core/sessions/view.ts';
import { IdPath } from '../../core/values/fields.ts';
import { anyone, CSRF_ERRORS, user } from '../../http/access.ts';
import { noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import type { createLogout } from './logout.ts';
import { LogoutBody, LogoutQuery, OwnSessionsAnswer, RefreshBody } from './schemas.ts';

const route = routesWith<{
  readonly sessions: Sessions;
  readonly secondFactors: Pick<SecondFactors, 'rememberedDevices'>;
  readonly logOut: ReturnType<typeof createLogout>;
}>();

const SESSIONS: Tag = {
  name: 'Sessions',
  description: 'Refreshing, listing and ending what a login has begun',
};

export const sessionRoutes = [
  route({
    id: 'refresh',
    method: 'POST',
    path: '/refresh',
    tag: SESSIONS,
    summary: 'Exchange a refresh token for a new access token and the next refresh token',
    limit: 'session-ip',
    access: anyone(),
    body: json(RefreshBody),
    answers: { 200: { description: 'The new tokens', schema: GrantView } },
    refuses: ['invalid_refresh_token', 'refresh_token_reused', 'database_unavailable', 'database_behind'],
    async handle({ body, origin, count }, { sessions }) {
      const token = sessions.readRefreshToken(body.refresh_token);
      await countRefresh(token, count);
      return ok(presentGrant(await sessions.refresh(token, origin)));
    },
  }),

  route({
    id: 'logout',
    method: 'POST',
    path: '/logout',
    tag: SESSIONS,
    summary: 'Log out',
    description:
      'By the access token, by a refresh token in the body, or by the cookie, which the browser then forgets unless its session goes on. A session that has ended already is not an error.',
    limit: 'session-ip',
    access: anyone('bearer', 'cookie', 'none'),
    query: LogoutQuery,
    body: json(LogoutBody),
    answers: { 204: 'Logged out, here at once and in every other process within a second' },
    refuses: [
      'token_missing',
      'token_invalid',
      'token_expired',
      'user_required',
      'session_required',
      'invalid_refresh_token',
      'credentials_conflict',
      ...CSRF_ERRORS,
      'database_unavailable',
    ],
    async handle({ query: { scope }, body, bearerToken, takeCookie, cookieIds, origin, count }, { logOut }) {
      await logOut({
        accessToken: bearerToken(),
        refreshToken: body?.refresh_token,
        takeCookie,
        cookieIds,
        scope,
        origin,
        count,
      });
      return noContent();
    },
  }),

  route({
    id: 'listSessions',
    method: 'GET',
    path: '/sessions',
    tag: SESSIONS,
    summary: 'List your sessions',
    access: user(),
    answers: {
      200: {
        description:
          'The sessions that go on, the latest used first, and the devices that are not asked for a second factor',
        schema: OwnSessionsAnswer,
      },
    },
    async handle({ caller }, { sessions, secondFactors }) {
      const { userId } = caller.principal;
      return ok({
        ...presentSessions(await sessions.list(userId), caller.sessionId),
        ...presentDevices(await secondFactors.rememberedDevices(userId)),
      });
    },
  }),

  route({
    id: 'endSession',
    method: 'DELETE',
    path: '/sessions/{id}',
    tag: SESSIONS,
    summary: 'End one of your sessions',
    access: user(),
    params: { schema: IdPath, unknown: 'session_not_found' },
    answers: { 204: 'That session has ended' },
    async handle({ params, caller }, { sessions }) {
      const filter = { userId: caller.principal.userId, id: params.id };
      if ((await sessions.end(filter, 'ended_by_user', caller)) === 0)
        throw new AppError('session_not_found');
      return noContent();
    },
  }),
];
