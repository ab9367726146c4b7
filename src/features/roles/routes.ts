import { permission, stepUp } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json, jsonWithLists } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import type { Permissions } from './permissions.ts';
import type { Roles } from './roles.ts';
import {
  ForceQuery,
  PermissionAnswer,
  PermissionBody,
  PermissionChangeBody,
  PermissionPath,
  PermissionsAnswer,
  PermissionsQuery,
  presentPermission,
  presentPermissions,
  presentRole,
  presentRoles,
  RoleAnswer,
  RoleBody,
  RoleChangeBody,
  RolePath,
  RolesAnswer,
  RolesQuery,
} from './schemas.ts';

const route = routesWith<{ readonly roles: Roles; readonly permissions: Permissions }>();

const ROLES: Tag = {
  name: 'Roles',
  description: 'Names for sets of permissions, which users are given',
};

const PERMISSIONS: Tag = {
  name: 'Permissions',
  description: 'What a route, here or in another service, may ask for',
};

const onRole = { schema: RolePath, unknown: 'role_not_found' } as const;
const onPermission = { schema: PermissionPath, unknown: 'permission_not_found' } as const;

const theRole = { description: 'The role', schema: RoleAnswer };
const thePermission = { description: 'The permission', schema: PermissionAnswer };

export const roleRoutes = [
  route({
    id: 'listRoles',
    method: 'GET',
    path: '/admin/roles',
    tag: ROLES,
    summary: 'List the roles',
    access: permission('roles:list'),
    query: RolesQuery,
    answers: { 200: { description: 'Roles by name', schema: RolesAnswer } },
    async handle({ query: { limit, cursor } }, { roles }) {
      return ok(presentRoles(await roles.list(limit + 1, cursor), limit));
    },
  }),

  route({
    id: 'createRole',
    method: 'POST',
    path: '/admin/roles',
    tag: ROLES,
    summary: 'Create a role out of permissions that you hold',
    access: stepUp(permission('roles:create')),
    body: jsonWithLists(RoleBody),
    answers: { 201: { ...theRole, headers: { Location: '/admin/roles/{name}' } } },
    refuses: ['role_taken', 'unknown_permission', 'scope_too_large'],
    async handle({ body, caller }, { roles }) {
      const role = await roles.create(body, caller);
      return created(`/admin/roles/${role.name}`, { role: presentRole(role) });
    },
  }),

  route({
    id: 'getRole',
    method: 'GET',
    path: '/admin/roles/{name}',
    tag: ROLES,
    summary: 'Read a role',
    access: permission('roles:read'),
    params: onRole,
    answers: { 200: theRole },
    async handle({ params }, { roles }) {
      return ok({ role: presentRole(await roles.get(params.name)) });
    },
  }),

  route({
    id: 'updateRole',
    method: 'PATCH',
    path: '/admin/roles/{name}',
    tag: ROLES,
    summary: 'Change what a role may do',
    access: stepUp(permission('roles:update')),
    params: onRole,
    body: jsonWithLists(RoleChangeBody),
    answers: {
      200: {
        ...theRole,
        description: 'The role. Older access tokens of those who have it are refused within a second.',
      },
    },
    refuses: ['role_protected', 'unknown_permission', 'scope_too_large'],
    async handle({ params, body, caller }, { roles }) {
      return ok({ role: presentRole(await roles.update(params.name, body, caller)) });
    },
  }),

  route({
    id: 'deleteRole',
    method: 'DELETE',
    path: '/admin/roles/{name}',
    tag: ROLES,
    summary: 'Delete a role',
    access: stepUp(permission('roles:delete')),
    params: onRole,
    query: ForceQuery,
    answers: { 204: 'The role is gone' },
    refuses: ['role_protected', 'role_in_use'],
    async handle({ params, query, caller }, { roles }) {
      await roles.remove(params.name, query.force === 'true', caller);
      return noContent();
    },
  }),

  route({
    id: 'listPermissions',
    method: 'GET',
    path: '/admin/permissions',
    tag: PERMISSIONS,
    summary: 'List the permissions',
    access: permission('permissions:list'),
    query: PermissionsQuery,
    answers: { 200: { description: 'Permissions by name', schema: PermissionsAnswer } },
    async handle({ query: { limit, cursor } }, { permissions }) {
      return ok(presentPermissions(await permissions.list(limit + 1, cursor), limit));
    },
  }),

  route({
    id: 'createPermission',
    method: 'POST',
    path: '/admin/permissions',
    tag: PERMISSIONS,
    summary: 'Create a permission',
    access: stepUp(permission('permissions:create')),
    body: json(PermissionBody),
    answers: { 201: { ...thePermission, headers: { Location: '/admin/permissions/{name}' } } },
    refuses: ['permission_taken'],
    async handle({ body, caller }, { permissions }) {
      const made = await permissions.create(body, caller);
      return created(`/admin/permissions/${made.name}`, { permission: presentPermission(made) });
    },
  }),

  route({
    id: 'getPermission',
    method: 'GET',
    path: '/admin/permissions/{name}',
    tag: PERMISSIONS,
    summary: 'Read a permission',
    access: permission('permissions:read'),
    params: onPermission,
    answers: { 200: thePermission },
    async handle({ params }, { permissions }) {
      return ok({ permission: presentPermission(await permissions.get(params.name)) });
    },
  }),

  route({
    id: 'updatePermission',
    method: 'PATCH',
    path: '/admin/permissions/{name}',
    tag: PERMISSIONS,
    summary: 'Change the description of a permission',
    description: 'It ends no tokens.',
    access: stepUp(permission('permissions:update')),
    params: onPermission,
    body: json(PermissionChangeBody),
    answers: { 200: thePermission },
    async handle({ params, body, caller }, { permissions }) {
      return ok({ permission: presentPermission(await permissions.update(params.name, body, caller)) });
    },
  }),

  route({
    id: 'deletePermission',
    method: 'DELETE',
    path: '/admin/permissions/{name}',
    tag: PERMISSIONS,
    summary: 'Delete a permission',
    access: stepUp(permission('permissions:delete')),
    params: onPermission,
    query: ForceQuery,
    answers: { 204: 'The permission is gone' },
    refuses: ['permission_protected', 'permission_in_use'],
    async handle({ params, query, caller }, { permissions }) {
      await permissions.remove(params.name, query.force === 'true', caller);
      return noContent();
    },
  }),
];
