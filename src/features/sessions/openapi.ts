import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  jsonBodyOf,
  type Paths,
  refusals,
  USER_REFUSALS,
} from '../../http/openapi.ts';
import {
  LogoutBody,
  LogoutQuery,
  RefreshAnswer,
  RefreshBody,
  SessionPath,
  SessionsAnswer,
} from './schemas.ts';

const TAGS = ['Sessions'];

export const sessionPaths: Paths = {
  '/refresh': {
    post: {
      operationId: 'refresh',
      tags: TAGS,
      summary: 'Trade a refresh token for a new access token and the next refresh token',
      requestBody: jsonBodyOf(RefreshBody),
      responses: {
        200: { description: 'The new tokens', ...json(RefreshAnswer) },
        ...refusals(
          ...BODY_REFUSALS,
          'rate_limited',
          'invalid_refresh_token',
          'refresh_token_reused',
          'database_unavailable',
          'database_behind',
        ),
      },
    },
  },
  '/logout': {
    post: {
      operationId: 'logout',
      tags: TAGS,
      summary: 'Log out',
      description: 'By the access token, or by a refresh token in the body. Logging out twice is no error.',
      security: [...BEARER_SECURITY, {}],
      requestParams: { query: LogoutQuery },
      requestBody: { required: false, ...json(LogoutBody) },
      responses: {
        204: { description: 'Logged out, here at once and in every other process within a second' },
        ...refusals(
          ...BODY_REFUSALS,
          'rate_limited',
          'token_missing',
          'token_invalid',
          'token_expired',
          'user_required',
          'session_required',
          'invalid_refresh_token',
          'database_unavailable',
        ),
      },
    },
  },
  '/sessions': {
    get: {
      operationId: 'listSessions',
      tags: TAGS,
      summary: 'List where you are logged in',
      security: BEARER_SECURITY,
      responses: {
        200: {
          description: 'The sessions that can still be refreshed, the latest used first',
          ...json(SessionsAnswer),
        },
        ...refusals(...USER_REFUSALS, ...BODY_REFUSALS),
      },
    },
  },
  '/sessions/{id}': {
    delete: {
      operationId: 'endSession',
      tags: TAGS,
      summary: 'Log one of your devices out',
      security: BEARER_SECURITY,
      requestParams: { path: SessionPath },
      responses: {
        204: { description: 'That session has ended' },
        ...refusals(...USER_REFUSALS, ...BODY_REFUSALS, 'session_not_found'),
      },
    },
  },
};
