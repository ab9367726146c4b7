import { AppError } from '../../core/errors.ts';
import { presentSessions, SessionsAnswer } from '../../core/sessions/view.ts';
import { searchFor } from '../../core/users/identifiers.ts';
import { IdPath } from '../../core/values/fields.ts';
import { permission, stepUp } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { bulk, json, jsonWithLists } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { USER_ADMINISTRATION } from '../../http/tags.ts';
import type { createImport } from './import.ts';
import {
  ImportAnswer,
  ImportBody,
  NewUserBody,
  presentImport,
  presentPage,
  presentUserInFull,
  RolesBody,
  UserChangeBody,
  UserInFullAnswer,
  UserSessionPath,
  UsersAnswer,
  UsersQuery,
} from './schemas.ts';
import type { UserAdmin } from './users.ts';

const route = routesWith<{
  readonly userAdmin: UserAdmin;
  readonly importUsers: ReturnType<typeof createImport>;
}>();

const onUser = { schema: IdPath, unknown: 'user_not_found' } as const;
const theUser = { description: 'The user', schema: UserInFullAnswer };

export const userRoutes = [
  route({
    id: 'listUsers',
    method: 'GET',
    path: '/admin/users',
    tag: USER_ADMINISTRATION,
    summary: 'Search for users',
    access: permission('users:list'),
    query: UsersQuery,
    answers: { 200: { description: 'A page of users, in the order of their creation', schema: UsersAnswer } },
    async handle({ query }, { userAdmin }) {
      const { limit, cursor, search, ...filter } = query;
      const found = search === undefined ? filter : { ...filter, search: searchFor(search) };
      return ok(presentPage(await userAdmin.list(found, limit + 1, cursor), limit));
    },
  }),

  route({
    id: 'createUser',
    method: 'POST',
    path: '/admin/users',
    tag: USER_ADMINISTRATION,
    summary: 'Create a user, with or without a password',
    access: stepUp(permission('users:create')),
    body: jsonWithLists(NewUserBody),
    answers: { 201: { ...theUser, headers: { Location: 'Where the user is' } } },
    refuses: ['email_taken', 'username_taken', 'unknown_role', 'scope_too_large', 'overloaded'],
    checkFields: (fields, { userAdmin }) => userAdmin.passwordProblems(fields),
    async handle({ body, caller }, { userAdmin }) {
      const { email_verified: emailVerified, ...account } = body;
      const user = await userAdmin.create({ ...account, emailVerified }, caller);
      return created(`/admin/users/${user.user.id}`, presentUserInFull(user));
    },
  }),

  route({
    id: 'importUsers',
    method: 'POST',
    path: '/admin/users/import',
    tag: USER_ADMINISTRATION,
    summary: 'Import up to 1,000 users with their bcrypt hashes',
    access: stepUp(permission('users:import')),
    body: bulk(ImportBody),
    answers: { 200: { description: 'The outcome of each item', schema: ImportAnswer } },
    async handle({ body, caller }, { importUsers }) {
      return ok(presentImport(await importUsers(body.users, caller)));
    },
  }),

  route({
    id: 'readUser',
    method: 'GET',
    path: '/admin/users/{id}',
    tag: USER_ADMINISTRATION,
    summary: 'Read a user',
    access: permission('users:read'),
    params: onUser,
    answers: { 200: theUser },
    async handle({ params }, { userAdmin }) {
      return ok(presentUserInFull(await userAdmin.read(params.id)));
    },
  }),

  route({
    id: 'updateUser',
    method: 'PATCH',
    path: '/admin/users/{id}',
    tag: USER_ADMINISTRATION,
    summary: 'Change a user',
    access: stepUp(permission('users:update')),
    params: onUser,
    body: json(UserChangeBody),
    answers: { 200: theUser },
    refuses: ['email_taken', 'username_taken'],
    async handle({ params, body, caller }, { userAdmin }) {
      const { email_verified: emailVerified, ...change } = body;
      const verified = emailVerified === undefined ? {} : { emailVerified };
      return ok(presentUserInFull(await userAdmin.update(params.id, { ...change, ...verified }, caller)));
    },
  }),

  route({
    id: 'deleteUser',
    method: 'DELETE',
    path: '/admin/users/{id}',
    tag: USER_ADMINISTRATION,
    summary: 'Delete a user',
    access: stepUp(permission('users:delete')),
    params: onUser,
    answers: { 204: 'The user is gone' },
    refuses: ['last_admin'],
    async handle({ params, caller }, { userAdmin }) {
      await userAdmin.remove(params.id, caller);
      return noContent();
    },
  }),

  route({
    id: 'disableUser',
    method: 'POST',
    path: '/admin/users/{id}/disable',
    tag: USER_ADMINISTRATION,
    summary: 'Disable an account and end its sessions',
    access: stepUp(permission('users:disable')),
    params: onUser,
    answers: { 200: theUser },
    refuses: ['last_admin'],
    async handle({ params, caller }, { userAdmin }) {
      return ok(presentUserInFull(await userAdmin.disable(params.id, caller)));
    },
  }),

  route({
    id: 'enableUser',
    method: 'POST',
    path: '/admin/users/{id}/enable',
    tag: USER_ADMINISTRATION,
    summary: 'Enable an account',
    access: stepUp(permission('users:enable')),
    params: onUser,
    answers: { 200: theUser },
    async handle({ params, caller }, { userAdmin }) {
      return ok(presentUserInFull(await userAdmin.enable(params.id, caller)));
    },
  }),

  route({
    id: 'unlockUser',
    method: 'POST',
    path: '/admin/users/{id}/unlock',
    tag: USER_ADMINISTRATION,
    summary: 'Unlock an account after wrong passwords',
    access: stepUp(permission('users:unlock')),
    params: onUser,
    answers: { 204: 'The account takes its password' },
    async handle({ params, caller }, { userAdmin }) {
      await userAdmin.unlock(params.id, caller);
      return noContent();
    },
  }),

  route({
    id: 'forcePasswordChange',
    method: 'POST',
    path: '/admin/users/{id}/force-password-change',
    tag: USER_ADMINISTRATION,
    summary: 'End all sessions and require a new password at the next login',
    access: stepUp(permission('users:force-password-change')),
    params: onUser,
    answers: { 200: theUser },
    async handle({ params, caller }, { userAdmin }) {
      return ok(presentUserInFull(await userAdmin.forcePasswordChange(params.id, caller)));
    },
  }),

  route({
    id: 'setRoles',
    method: 'PUT',
    path: '/admin/users/{id}/roles',
    tag: USER_ADMINISTRATION,
    summary: 'Replace the roles of a user',
    access: stepUp(permission('users:set-roles')),
    params: onUser,
    body: jsonWithLists(RolesBody),
    answers: { 200: theUser },
    refuses: ['unknown_role', 'last_admin', 'scope_too_large'],
    async handle({ params, body, caller }, { userAdmin }) {
      return ok(presentUserInFull(await userAdmin.setRoles(params.id, body.roles, caller)));
    },
  }),

  route({
    id: 'listUserSessions',
    method: 'GET',
    path: '/admin/users/{id}/sessions',
    tag: USER_ADMINISTRATION,
    summary: 'List the sessions of a user',
    access: permission('sessions:list'),
    params: onUser,
    answers: { 200: { description: 'The sessions, the latest used first', schema: SessionsAnswer } },
    async handle({ params }, { userAdmin }) {
      return ok(presentSessions(await userAdmin.listSessions(params.id), null));
    },
  }),

  route({
    id: 'endUserSessions',
    method: 'DELETE',
    path: '/admin/users/{id}/sessions',
    tag: USER_ADMINISTRATION,
    summary: 'End all sessions of a user',
    access: stepUp(permission('sessions:end')),
    params: onUser,
    answers: { 204: 'They have ended' },
    async handle({ params, caller }, { userAdmin }) {
      await userAdmin.endSessions(params.id, undefined, caller);
      return noContent();
    },
  }),

  route({
    id: 'endUserSession',
    method: 'DELETE',
    path: '/admin/users/{id}/sessions/{session_id}',
    tag: USER_ADMINISTRATION,
    summary: 'End a session of a user',
    access: stepUp(permission('sessions:end')),
    params: {
      schema: UserSessionPath,
      unknown: { id: 'user_not_found', session_id: 'session_not_found' },
    },
    answers: { 204: 'It has ended' },
    async handle({ params, caller }, { userAdmin }) {
      const ended = await userAdmin.endSessions(params.id, params.session_id, caller);
      if (ended === 0) throw new AppError('session_not_found');
      return noContent();
    },
  }),
];
