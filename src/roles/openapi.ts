import type { ErrorCode } from '../errors.ts';
import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  jsonBodyOf,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
} from '../http/openapi.ts';
import {
  ForceQuery,
  PermissionAnswer,
  PermissionBody,
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

const location = (where: string) => ({
  Location: { schema: { type: 'string' as const }, description: where },
});

/** What every operation here has: a token, a permission that it must hold, and what may be refused. */
function operation(operationId: string, permission: string, summary: string, ...codes: readonly ErrorCode[]) {
  const common = [...TOKEN_REFUSALS, ...BODY_REFUSALS, 'insufficient_scope', 'database_unavailable'] as const;
  return {
    meta: {
      operationId,
      tags: [operationId.includes('Permission') ? 'Permissions' : 'Roles'],
      summary,
      description: `Needs the permission \`${permission}\`.`,
      security: BEARER_SECURITY,
    },
    refused: refusals(...common, ...codes),
  };
}

const listRoles = operation('listRoles', 'roles:list', 'List the roles');
const createRole = operation(
  'createRole',
  'roles:create',
  'Create a role out of permissions that you hold',
  'role_taken',
  'unknown_permission',
  'scope_too_large',
);
const getRole = operation('getRole', 'roles:read', 'Read a role', 'role_not_found');
const updateRole = operation(
  'updateRole',
  'roles:update',
  'Change what a role may do',
  'role_not_found',
  'role_protected',
  'unknown_permission',
  'scope_too_large',
);
const deleteRole = operation(
  'deleteRole',
  'roles:delete',
  'Delete a role',
  'role_not_found',
  'role_protected',
  'role_in_use',
);
const listPermissions = operation('listPermissions', 'permissions:list', 'List the permissions');
const createPermission = operation(
  'createPermission',
  'permissions:create',
  'Create a permission',
  'permission_taken',
);
const deletePermission = operation(
  'deletePermission',
  'permissions:delete',
  'Delete a permission',
  'permission_not_found',
  'permission_protected',
  'permission_in_use',
);

export const rolePaths: Paths = {
  '/admin/roles': {
    get: {
      ...listRoles.meta,
      requestParams: { query: RolesQuery },
      responses: { 200: { description: 'Roles by name', ...json(RolesAnswer) }, ...listRoles.refused },
    },
    post: {
      ...createRole.meta,
      requestBody: jsonBodyOf(RoleBody),
      responses: {
        201: { description: 'The role', headers: location('/admin/roles/{name}'), ...json(RoleAnswer) },
        ...createRole.refused,
      },
    },
  },
  '/admin/roles/{name}': {
    get: {
      ...getRole.meta,
      requestParams: { path: RolePath },
      responses: { 200: { description: 'The role', ...json(RoleAnswer) }, ...getRole.refused },
    },
    patch: {
      ...updateRole.meta,
      requestParams: { path: RolePath },
      requestBody: jsonBodyOf(RoleChangeBody),
      responses: {
        200: {
          description: 'The role. Older access tokens of those who have it are refused within a second.',
          ...json(RoleAnswer),
        },
        ...updateRole.refused,
      },
    },
    delete: {
      ...deleteRole.meta,
      requestParams: { path: RolePath, query: ForceQuery },
      responses: { 204: { description: 'The role is gone' }, ...deleteRole.refused },
    },
  },
  '/admin/permissions': {
    get: {
      ...listPermissions.meta,
      requestParams: { query: PermissionsQuery },
      responses: {
        200: { description: 'Permissions by name', ...json(PermissionsAnswer) },
        ...listPermissions.refused,
      },
    },
    post: {
      ...createPermission.meta,
      requestBody: jsonBodyOf(PermissionBody),
      responses: {
        201: { description: 'The permission', ...json(PermissionAnswer) },
        ...createPermission.refused,
      },
    },
  },
  '/admin/permissions/{name}': {
    delete: {
      ...deletePermission.meta,
      requestParams: { path: PermissionPath, query: ForceQuery },
      responses: { 204: { description: 'The permission is gone' }, ...deletePermission.refused },
    },
  },
};
