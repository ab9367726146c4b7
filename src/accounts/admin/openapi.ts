import type { ErrorCode } from '../../errors.ts';
import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  jsonBodyOf,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
} from '../../http/openapi.ts';
import { SessionsAnswer } from '../../sessions/schemas.ts';
import {
  ImportAnswer,
  ImportBody,
  NewUserBody,
  RolesBody,
  UserChangeBody,
  UserInFullAnswer,
  UserPath,
  UserSessionPath,
  UsersAnswer,
  UsersQuery,
} from './schemas.ts';

/** What every route here may answer. */
const COMMON: readonly ErrorCode[] = [
  ...TOKEN_REFUSALS,
  ...BODY_REFUSALS,
  'insufficient_scope',
  'database_unavailable',
];

const user = { description: 'The user', ...json(UserInFullAnswer) };
const nothing = (description: string) => ({ 204: { description } });
const onUser = { requestParams: { path: UserPath } };

/** One operation on users; `refused` are the codes that it adds to those of all. */
function operation(operationId: string, summary: string, answers: object, ...refused: readonly ErrorCode[]) {
  return {
    operationId,
    tags: ['Administration of users'],
    summary,
    security: BEARER_SECURITY,
    responses: { ...answers, ...refusals(...COMMON, ...refused) },
  };
}

export const userAdminPaths: Paths = {
  '/admin/users': {
    get: {
      ...operation('listUsers', 'Search for users (users:list)', {
        200: { description: 'A page of users, in the order of their creation', ...json(UsersAnswer) },
      }),
      requestParams: { query: UsersQuery },
    },
    post: {
      ...operation(
        'createUser',
        'Create a user, with or without a password (users:create)',
        {
          201: {
            ...user,
            headers: { Location: { schema: { type: 'string' }, description: 'Where the user is' } },
          },
        },
        'email_taken',
        'username_taken',
        'unknown_role',
        'scope_too_large',
        'overloaded',
      ),
      requestBody: jsonBodyOf(NewUserBody),
    },
  },
  '/admin/users/import': {
    post: {
      ...operation('importUsers', 'Import up to 1,000 users with their bcrypt hashes (users:import)', {
        200: { description: 'What became of each', ...json(ImportAnswer) },
      }),
      requestBody: jsonBodyOf(ImportBody),
    },
  },
  '/admin/users/{id}': {
    get: { ...operation('readUser', 'Read a user (users:read)', { 200: user }, 'user_not_found'), ...onUser },
    patch: {
      ...operation(
        'updateUser',
        'Change a user (users:update)',
        { 200: user },
        'user_not_found',
        'email_taken',
        'username_taken',
      ),
      ...onUser,
      requestBody: jsonBodyOf(UserChangeBody),
    },
    delete: {
      ...operation(
        'deleteUser',
        'Delete a user (users:delete)',
        nothing('The user is gone'),
        'user_not_found',
        'last_admin',
      ),
      ...onUser,
    },
  },
  '/admin/users/{id}/disable': {
    post: {
      ...operation(
        'disableUser',
        'Shut an account and end its sessions (users:disable)',
        { 200: user },
        'user_not_found',
        'last_admin',
      ),
      ...onUser,
    },
  },
  '/admin/users/{id}/enable': {
    post: {
      ...operation('enableUser', 'Open an account again (users:enable)', { 200: user }, 'user_not_found'),
      ...onUser,
    },
  },
  '/admin/users/{id}/unlock': {
    post: {
      ...operation(
        'unlockUser',
        'Forget the wrong passwords of an account (users:unlock)',
        nothing('The account takes its password'),
        'user_not_found',
      ),
      ...onUser,
    },
  },
  '/admin/users/{id}/force-password-change': {
    post: {
      ...operation(
        'forcePasswordChange',
        'End all sessions and demand a new password at the next login (users:force-password-change)',
        { 200: user },
        'user_not_found',
      ),
      ...onUser,
    },
  },
  '/admin/users/{id}/roles': {
    put: {
      ...operation(
        'setRoles',
        'Give a user these roles and no others (users:set-roles)',
        { 200: user },
        'user_not_found',
        'unknown_role',
        'last_admin',
        'scope_too_large',
      ),
      ...onUser,
      requestBody: jsonBodyOf(RolesBody),
    },
  },
  '/admin/users/{id}/sessions': {
    get: {
      ...operation(
        'listUserSessions',
        'List the sessions of a user (sessions:list)',
        { 200: { description: 'The sessions, the latest used first', ...json(SessionsAnswer) } },
        'user_not_found',
      ),
      ...onUser,
    },
    delete: {
      ...operation(
        'endUserSessions',
        'End all sessions of a user (sessions:end)',
        nothing('They have ended'),
        'user_not_found',
      ),
      ...onUser,
    },
  },
  '/admin/users/{id}/sessions/{session_id}': {
    delete: {
      ...operation(
        'endUserSession',
        'End a session of a user (sessions:end)',
        nothing('It has ended'),
        'user_not_found',
        'session_not_found',
      ),
      requestParams: { path: UserSessionPath },
    },
  },
};
