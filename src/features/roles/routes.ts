import type { Request } from 'express';
import { granterOf } from '../../core/access/grants.ts';
import { AppError } from '../../core/errors.ts';
import { JSON_BODY, JSON_LISTS } from '../../http/body.ts';
import { parse } from '../../http/parse.ts';
import type { Route } from '../../http/route.ts';
import type { Permissions } from './permissions.ts';
import type { Roles } from './roles.ts';
import {
  ForceQuery,
  PermissionBody,
  PermissionChangeBody,
  PermissionPath,
  PermissionsQuery,
  presentPermission,
  presentPermissions,
  presentRole,
  presentRoles,
  RoleBody,
  RoleChangeBody,
  RolePath,
  RolesQuery,
} from './schemas.ts';

export interface RoleRouteDependencies {
  readonly roles: Roles;
  readonly permissions: Permissions;
}

export function roleRoutes({ roles, permissions }: RoleRouteDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/roles',
      access: { permission: 'roles:list' },
      async handle(req, res) {
        const { limit, cursor } = parse(RolesQuery, req.query);
        res.json(presentRoles(await roles.list(limit + 1, cursor), limit));
      },
    },

    {
      method: 'POST',
      path: '/admin/roles',
      access: { permission: 'roles:create' },
      body: JSON_LISTS,
      async handle(req, res) {
        const role = await roles.create(parse(RoleBody, req.body), granterOf(req));
        res
          .status(201)
          .location(`/admin/roles/${role.name}`)
          .json({ role: presentRole(role) });
      },
    },

    {
      method: 'GET',
      path: '/admin/roles/{name}',
      access: { permission: 'roles:read' },
      async handle(req, res) {
        res.json({ role: presentRole(await roles.get(roleIn(req))) });
      },
    },

    {
      method: 'PATCH',
      path: '/admin/roles/{name}',
      access: { permission: 'roles:update' },
      body: JSON_LISTS,
      async handle(req, res) {
        const change = parse(RoleChangeBody, req.body);
        res.json({ role: presentRole(await roles.update(roleIn(req), change, granterOf(req))) });
      },
    },

    {
      method: 'DELETE',
      path: '/admin/roles/{name}',
      access: { permission: 'roles:delete' },
      async handle(req, res) {
        const { force } = parse(ForceQuery, req.query);
        await roles.remove(roleIn(req), force === 'true', granterOf(req));
        res.status(204).end();
      },
    },

    {
      method: 'GET',
      path: '/admin/permissions',
      access: { permission: 'permissions:list' },
      async handle(req, res) {
        const { limit, cursor } = parse(PermissionsQuery, req.query);
        res.json(presentPermissions(await permissions.list(limit + 1, cursor), limit));
      },
    },

    {
      method: 'POST',
      path: '/admin/permissions',
      access: { permission: 'permissions:create' },
      body: JSON_BODY,
      async handle(req, res) {
        const permission = await permissions.create(parse(PermissionBody, req.body), granterOf(req));
        const location = `/admin/permissions/${permission.name}`;
        res
          .status(201)
          .location(location)
          .json({ permission: presentPermission(permission) });
      },
    },

    {
      method: 'GET',
      path: '/admin/permissions/{name}',
      access: { permission: 'permissions:read' },
      async handle(req, res) {
        res.json({ permission: presentPermission(await permissions.get(permissionIn(req))) });
      },
    },

    {
      method: 'PATCH',
      path: '/admin/permissions/{name}',
      access: { permission: 'permissions:update' },
      body: JSON_BODY,
      async handle(req, res) {
        const change = parse(PermissionChangeBody, req.body);
        const permission = await permissions.update(permissionIn(req), change, granterOf(req));
        res.json({ permission: presentPermission(permission) });
      },
    },

    {
      method: 'DELETE',
      path: '/admin/permissions/{name}',
      access: { permission: 'permissions:delete' },
      async handle(req, res) {
        const { force } = parse(ForceQuery, req.query);
        await permissions.remove(permissionIn(req), force === 'true', granterOf(req));
        res.status(204).end();
      },
    },
  ];
}

/** @throws AppError role_not_found also for what cannot be the name of a role */
function roleIn(req: Request): string {
  const name = RolePath.safeParse(req.params).data?.name;
  if (name === undefined) throw new AppError('role_not_found');
  return name;
}

/** @throws AppError permission_not_found also for what cannot be the name of a permission */
function permissionIn(req: Request): string {
  const name = PermissionPath.safeParse(req.params).data?.name;
  if (name === undefined) throw new AppError('permission_not_found');
  return name;
}
