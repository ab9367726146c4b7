import { type Request, type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { requireScope } from '../http/caller.ts';
import { granterOf } from '../http/granter.ts';
import { parse } from '../http/parse.ts';
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
  readonly authenticate: RequestHandler;
}

export function roleRoutes({ roles, permissions, authenticate }: RoleRouteDependencies): Router {
  const router = Router();

  router.get('/admin/roles', authenticate, requireScope('roles:list'), async (req, res) => {
    const { limit, cursor } = parse(RolesQuery, req.query);
    res.json(presentRoles(await roles.list(limit + 1, cursor), limit));
  });

  router.post('/admin/roles', authenticate, requireScope('roles:create'), async (req, res) => {
    const role = await roles.create(parse(RoleBody, req.body), granterOf(req));
    res
      .status(201)
      .location(`/admin/roles/${role.name}`)
      .json({ role: presentRole(role) });
  });

  router.get('/admin/roles/:name', authenticate, requireScope('roles:read'), async (req, res) => {
    res.json({ role: presentRole(await roles.get(roleIn(req))) });
  });

  router.patch('/admin/roles/:name', authenticate, requireScope('roles:update'), async (req, res) => {
    const change = parse(RoleChangeBody, req.body);
    res.json({ role: presentRole(await roles.update(roleIn(req), change, granterOf(req))) });
  });

  router.delete('/admin/roles/:name', authenticate, requireScope('roles:delete'), async (req, res) => {
    const { force } = parse(ForceQuery, req.query);
    await roles.remove(roleIn(req), force === 'true', granterOf(req));
    res.status(204).end();
  });

  router.get('/admin/permissions', authenticate, requireScope('permissions:list'), async (req, res) => {
    const { limit, cursor } = parse(PermissionsQuery, req.query);
    res.json(presentPermissions(await permissions.list(limit + 1, cursor), limit));
  });

  router.post('/admin/permissions', authenticate, requireScope('permissions:create'), async (req, res) => {
    const permission = await permissions.create(parse(PermissionBody, req.body), granterOf(req));
    const location = `/admin/permissions/${permission.name}`;
    res
      .status(201)
      .location(location)
      .json({ permission: presentPermission(permission) });
  });

  router.get('/admin/permissions/:name', authenticate, requireScope('permissions:read'), async (req, res) => {
    res.json({ permission: presentPermission(await permissions.get(permissionIn(req))) });
  });

  router.patch(
    '/admin/permissions/:name',
    authenticate,
    requireScope('permissions:update'),
    async (req, res) => {
      const change = parse(PermissionChangeBody, req.body);
      const permission = await permissions.update(permissionIn(req), change, granterOf(req));
      res.json({ permission: presentPermission(permission) });
    },
  );

  router.delete(
    '/admin/permissions/:name',
    authenticate,
    requireScope('permissions:delete'),
    async (req, res) => {
      const { force } = parse(ForceQuery, req.query);
      await permissions.remove(permissionIn(req), force === 'true', granterOf(req));
      res.status(204).end();
    },
  );

  return router;
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
