import { administration, json, jsonBodyOf, type Paths } from '../../http/openapi.ts';
import {
  ForceQuery,
  PermissionAnswer,
  PermissionBody,
  PermissionChangeBody,
  PermissionPath,
  PermissionsAnswer,
  PermissionsQuery,
  RoleAnswer,
  RoleBody,
  RoleChangeBody,
  RolePath,
  RolesAnswer,
  RolesQuery,
} from './schemas.ts';

const ROLES = 'Roles';
const PERMISSIONS = 'Permissions';

const role = { description: 'The role', ...json(RoleAnswer) };
const permission = { description: 'The permission', ...json(PermissionAnswer) };
const location = (where: string) => ({
  Location: { schema: { type: 'string' as const }, description: where },
});

export const rolePaths: Paths = {
  '/admin/roles': {
    get: {
      ...administration({
        operationId: 'listRoles',
        tag: ROLES,
        permission: 'roles:list',
        summary: 'List the roles',
        answers: { 200: { description: 'Roles by name', ...json(RolesAnswer) } },
      }),
      requestParams: { query: RolesQuery },
    },
    post: {
      ...administration({
        operationId: 'createRole',
        tag: ROLES,
        permission: 'roles:create',
        summary: 'Create a role out of permissions that you hold',
        answers: { 201: { ...role, headers: location('/admin/roles/{name}') } },
        refused: ['role_taken', 'unknown_permission', 'scope_too_large'],
      }),
      requestBody: jsonBodyOf(RoleBody),
    },
  },
  '/admin/roles/{name}': {
    get: {
      ...administration({
        operationId: 'getRole',
        tag: ROLES,
        permission: 'roles:read',
        summary: 'Read a role',
        answers: { 200: role },
        refused: ['role_not_found'],
      }),
      requestParams: { path: RolePath },
    },
    patch: {
      ...administration({
        operationId: 'updateRole',
        tag: ROLES,
        permission: 'roles:update',
        summary: 'Change what a role may do',
        answers: {
          200: {
            ...role,
            description: 'The role. Older access tokens of those who have it are refused within a second.',
          },
        },
        refused: ['role_not_found', 'role_protected', 'unknown_permission', 'scope_too_large'],
      }),
      requestParams: { path: RolePath },
      requestBody: jsonBodyOf(RoleChangeBody),
    },
    delete: {
      ...administration({
        operationId: 'deleteRole',
        tag: ROLES,
        permission: 'roles:delete',
        summary: 'Delete a role',
        answers: { 204: { description: 'The role is gone' } },
        refused: ['role_not_found', 'role_protected', 'role_in_use'],
      }),
      requestParams: { path: RolePath, query: ForceQuery },
    },
  },
  '/admin/permissions': {
    get: {
      ...administration({
        operationId: 'listPermissions',
        tag: PERMISSIONS,
        permission: 'permissions:list',
        summary: 'List the permissions',
        answers: { 200: { description: 'Permissions by name', ...json(PermissionsAnswer) } },
      }),
      requestParams: { query: PermissionsQuery },
    },
    post: {
      ...administration({
        operationId: 'createPermission',
        tag: PERMISSIONS,
        permission: 'permissions:create',
        summary: 'Create a permission',
        answers: { 201: { ...permission, headers: location('/admin/permissions/{name}') } },
        refused: ['permission_taken'],
      }),
      requestBody: jsonBodyOf(PermissionBody),
    },
  },
  '/admin/permissions/{name}': {
    get: {
      ...administration({
        operationId: 'getPermission',
        tag: PERMISSIONS,
        permission: 'permissions:read',
        summary: 'Read a permission',
        answers: { 200: permission },
        refused: ['permission_not_found'],
      }),
      requestParams: { path: PermissionPath },
    },
    patch: {
      ...administration({
        operationId: 'updatePermission',
        tag: PERMISSIONS,
        permission: 'permissions:update',
        summary: 'Change the description of a permission',
        description: 'It ends no tokens.',
        answers: { 200: permission },
        refused: ['permission_not_found'],
      }),
      requestParams: { path: PermissionPath },
      requestBody: jsonBodyOf(PermissionChangeBody),
    },
    delete: {
      ...administration({
        operationId: 'deletePermission',
        tag: PERMISSIONS,
        permission: 'permissions:delete',
        summary: 'Delete a permission',
        answers: { 204: { description: 'The permission is gone' } },
        refused: ['permission_not_found', 'permission_protected', 'permission_in_use'],
      }),
      requestParams: { path: PermissionPath, query: ForceQuery },
    },
  },
};
