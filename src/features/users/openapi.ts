import { administration, json, jsonBodyOf, type Paths } from '../../http/openapi.ts';
import { SessionsAnswer } from '../sessions/schemas.ts';
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

const TAG = 'Administration of users';

const user = { description: 'The user', ...json(UserInFullAnswer) };
const nothing = (description: string) => ({ 204: { description } });
const onUser = { requestParams: { path: UserPath } };

export const userAdminPaths: Paths = {
  '/admin/users': {
    get: {
      ...administration({
        operationId: 'listUsers',
        tag: TAG,
        permission: 'users:list',
        summary: 'Search for users',
        answers: {
          200: { description: 'A page of users, in the order of their creation', ...json(UsersAnswer) },
        },
      }),
      requestParams: { query: UsersQuery },
    },
    post: {
      ...administration({
        operationId: 'createUser',
        tag: TAG,
        permission: 'users:create',
        summary: 'Create a user, with or without a password',
        answers: {
          201: {
            ...user,
            headers: { Location: { schema: { type: 'string' }, description: 'Where the user is' } },
          },
        },
        refused: ['email_taken', 'username_taken', 'unknown_role', 'scope_too_large', 'overloaded'],
      }),
      requestBody: jsonBodyOf(NewUserBody),
    },
  },
  '/admin/users/import': {
    post: {
      ...administration({
        operationId: 'importUsers',
        tag: TAG,
        permission: 'users:import',
        summary: 'Import up to 1,000 users with their bcrypt hashes',
        answers: {
          200: { description: 'What became of each', ...json(ImportAnswer) },
        },
      }),
      requestBody: jsonBodyOf(ImportBody),
    },
  },
  '/admin/users/{id}': {
    get: {
      ...administration({
        operationId: 'readUser',
        tag: TAG,
        permission: 'users:read',
        summary: 'Read a user',
        answers: { 200: user },
        refused: ['user_not_found'],
      }),
      ...onUser,
    },
    patch: {
      ...administration({
        operationId: 'updateUser',
        tag: TAG,
        permission: 'users:update',
        summary: 'Change a user',
        answers: { 200: user },
        refused: ['user_not_found', 'email_taken', 'username_taken'],
      }),
      ...onUser,
      requestBody: jsonBodyOf(UserChangeBody),
    },
    delete: {
      ...administration({
        operationId: 'deleteUser',
        tag: TAG,
        permission: 'users:delete',
        summary: 'Delete a user',
        answers: nothing('The user is gone'),
        refused: ['user_not_found', 'last_admin'],
      }),
      ...onUser,
    },
  },
  '/admin/users/{id}/disable': {
    post: {
      ...administration({
        operationId: 'disableUser',
        tag: TAG,
        permission: 'users:disable',
        summary: 'Shut an account and end its sessions',
        answers: { 200: user },
        refused: ['user_not_found', 'last_admin'],
      }),
      ...onUser,
    },
  },
  '/admin/users/{id}/enable': {
    post: {
      ...administration({
        operationId: 'enableUser',
        tag: TAG,
        permission: 'users:enable',
        summary: 'Open an account again',
        answers: { 200: user },
        refused: ['user_not_found'],
      }),
      ...onUser,
    },
  },
  '/admin/users/{id}/unlock': {
    post: {
      ...administration({
        operationId: 'unlockUser',
        tag: TAG,
        permission: 'users:unlock',
        summary: 'Forget the wrong passwords of an account',
        answers: nothing('The account takes its password'),
        refused: ['user_not_found'],
      }),
      ...onUser,
    },
  },
  '/admin/users/{id}/force-password-change': {
    post: {
      ...administration({
        operationId: 'forcePasswordChange',
        tag: TAG,
        permission: 'users:force-password-change',
        summary: 'End all sessions and demand a new password at the next login',
        answers: { 200: user },
        refused: ['user_not_found'],
      }),
      ...onUser,
    },
  },
  '/admin/users/{id}/roles': {
    put: {
      ...administration({
        operationId: 'setRoles',
        tag: TAG,
        permission: 'users:set-roles',
        summary: 'Give a user these roles and no others',
        answers: { 200: user },
        refused: ['user_not_found', 'unknown_role', 'last_admin', 'scope_too_large'],
      }),
      ...onUser,
      requestBody: jsonBodyOf(RolesBody),
    },
  },
  '/admin/users/{id}/sessions': {
    get: {
      ...administration({
        operationId: 'listUserSessions',
        tag: TAG,
        permission: 'sessions:list',
        summary: 'List the sessions of a user',
        answers: { 200: { description: 'The sessions, the latest used first', ...json(SessionsAnswer) } },
        refused: ['user_not_found'],
      }),
      ...onUser,
    },
    delete: {
      ...administration({
        operationId: 'endUserSessions',
        tag: TAG,
        permission: 'sessions:end',
        summary: 'End all sessions of a user',
        answers: nothing('They have ended'),
        refused: ['user_not_found'],
      }),
      ...onUser,
    },
  },
  '/admin/users/{id}/sessions/{session_id}': {
    delete: {
      ...administration({
        operationId: 'endUserSession',
        tag: TAG,
        permission: 'sessions:end',
        summary: 'End a session of a user',
        answers: nothing('It has ended'),
        refused: ['user_not_found', 'session_not_found'],
      }),
      requestParams: { path: UserSessionPath },
    },
  },
};
