import type { Request } from 'express';
import { granterOf } from '../../core/access/grants.ts';
import { AppError } from '../../core/errors.ts';
import { JSON_BODY, JSON_BULK, JSON_LISTS } from '../../http/body.ts';
import { parse } from '../../http/parse.ts';
import type { Route } from '../../http/route.ts';
import { presentSessions } from '../sessions/schemas.ts';
import type { createImport } from './import.ts';
import {
  ImportBody,
  NewUserBody,
  presentImport,
  presentPage,
  presentUserInFull,
  RolesBody,
  UserChangeBody,
  UserPath,
  UserSessionPath,
  UsersQuery,
} from './schemas.ts';
import type { UserAdmin, UserInFull } from './users.ts';

export interface UserAdminRouteDependencies {
  readonly userAdmin: UserAdmin;
  readonly importUsers: ReturnType<typeof createImport>;
}

/** /admin/users: each route has a permission of its own. */
export function userAdminRoutes({ userAdmin, importUsers }: UserAdminRouteDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/users',
      access: { permission: 'users:list' },
      async handle(req, res) {
        const { limit, cursor, search, ...filter } = parse(UsersQuery, req.query);
        const canonical = { ...filter, search: search?.trim().normalize('NFC').toLowerCase() };
        res.json(presentPage(await userAdmin.list(canonical, limit + 1, cursor), limit));
      },
    },

    {
      method: 'POST',
      path: '/admin/users',
      access: { permission: 'users:create' },
      body: JSON_LISTS,
      async handle(req, res) {
        const { email_verified: emailVerified, ...account } = parse(NewUserBody, req.body);
        const created = await userAdmin.create({ ...account, emailVerified }, granterOf(req));
        res.status(201).location(`/admin/users/${created.user.id}`).json(present(created));
      },
    },

    {
      method: 'POST',
      path: '/admin/users/import',
      access: { permission: 'users:import' },
      body: JSON_BULK,
      async handle(req, res) {
        res.json(presentImport(await importUsers(parse(ImportBody, req.body).users, granterOf(req))));
      },
    },

    {
      method: 'GET',
      path: '/admin/users/{id}',
      access: { permission: 'users:read' },
      async handle(req, res) {
        res.json(present(await userAdmin.read(idOf(req))));
      },
    },

    {
      method: 'PATCH',
      path: '/admin/users/{id}',
      access: { permission: 'users:update' },
      body: JSON_BODY,
      async handle(req, res) {
        const { email_verified: emailVerified, ...change } = parse(UserChangeBody, req.body);
        const verified = emailVerified === undefined ? {} : { emailVerified };
        res.json(present(await userAdmin.update(idOf(req), { ...change, ...verified }, granterOf(req))));
      },
    },

    {
      method: 'DELETE',
      path: '/admin/users/{id}',
      access: { permission: 'users:delete' },
      async handle(req, res) {
        await userAdmin.remove(idOf(req), granterOf(req));
        res.status(204).end();
      },
    },

    {
      method: 'POST',
      path: '/admin/users/{id}/disable',
      access: { permission: 'users:disable' },
      async handle(req, res) {
        res.json(present(await userAdmin.disable(idOf(req), granterOf(req))));
      },
    },

    {
      method: 'POST',
      path: '/admin/users/{id}/enable',
      access: { permission: 'users:enable' },
      async handle(req, res) {
        res.json(present(await userAdmin.enable(idOf(req), granterOf(req))));
      },
    },

    {
      method: 'POST',
      path: '/admin/users/{id}/unlock',
      access: { permission: 'users:unlock' },
      async handle(req, res) {
        await userAdmin.unlock(idOf(req), granterOf(req));
        res.status(204).end();
      },
    },

    {
      method: 'POST',
      path: '/admin/users/{id}/force-password-change',
      access: { permission: 'users:force-password-change' },
      async handle(req, res) {
        res.json(present(await userAdmin.forcePasswordChange(idOf(req), granterOf(req))));
      },
    },

    {
      method: 'PUT',
      path: '/admin/users/{id}/roles',
      access: { permission: 'users:set-roles' },
      body: JSON_LISTS,
      async handle(req, res) {
        res.json(
          present(await userAdmin.setRoles(idOf(req), parse(RolesBody, req.body).roles, granterOf(req))),
        );
      },
    },

    {
      method: 'GET',
      path: '/admin/users/{id}/sessions',
      access: { permission: 'sessions:list' },
      async handle(req, res) {
        res.json(presentSessions(await userAdmin.listSessions(idOf(req)), null));
      },
    },

    {
      method: 'DELETE',
      path: '/admin/users/{id}/sessions',
      access: { permission: 'sessions:end' },
      async handle(req, res) {
        await userAdmin.endSessions(idOf(req), undefined, granterOf(req));
        res.status(204).end();
      },
    },

    {
      method: 'DELETE',
      path: '/admin/users/{id}/sessions/{session_id}',
      access: { permission: 'sessions:end' },
      async handle(req, res) {
        const path = UserSessionPath.safeParse(req.params).data;
        if (path === undefined) throw new AppError('session_not_found');
        const ended = await userAdmin.endSessions(path.id, path.session_id, granterOf(req));
        if (ended === 0) throw new AppError('session_not_found');
        res.status(204).end();
      },
    },
  ];
}

function present(user: UserInFull) {
  return { user: presentUserInFull(user) };
}

/** What is no id is nobody's. */
function idOf(req: Request): string {
  const id = UserPath.safeParse(req.params).data?.id;
  if (id === undefined) throw new AppError('user_not_found');
  return id;
}
