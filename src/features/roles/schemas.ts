import { z } from 'zod';
import { PermissionName, RoleName } from '../../core/values/fields.ts';
import { NextCursor, pageOf, pagingByName } from '../../core/values/paging.ts';
import { displayText, fieldIssue, nullIfEmpty } from '../../core/values/text.ts';
import type { Permission, Role } from './role.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';
const MAX_DESCRIPTION_LENGTH = 200;

/** For people; an empty one means none. */
const Description = displayText({
  code: 'invalid_description',
  minLength: 0,
  maxLength: MAX_DESCRIPTION_LENGTH,
})
  .transform(nullIfEmpty)
  .nullable()
  .meta({ maxLength: MAX_DESCRIPTION_LENGTH, example: 'May read and not change' });

/** A set: the order counts for nothing, and neither does a name that comes twice. */
const PermissionList = z
  .array(PermissionName)
  .transform((names) => [...new Set(names)].sort())
  .meta({
    description: 'Together at most 4096 bytes with spaces between',
    example: ['users:list', 'users:read'],
  });

export const RoleBody = z
  .strictObject({
    name: RoleName,
    description: Description.optional(),
    permissions: PermissionList.optional(),
  })
  .transform(({ name, description = null, permissions = [] }) => ({ name, description, permissions }))
  .meta({
    id: 'NewRole',
    example: {
      name: 'auditor',
      description: 'May read and not change',
      permissions: ['users:list', 'users:read'],
    },
  });

export const RoleChangeBody = z
  .strictObject({ description: Description.optional(), permissions: PermissionList.optional() })
  .refine(
    (body) => Object.keys(body).length > 0,
    fieldIssue('empty', 'Send description, permissions or both.'),
  )
  .meta({ id: 'RoleChange', minProperties: 1, example: { permissions: ['users:list'] } });

export const PermissionBody = z
  .strictObject({ name: PermissionName, description: Description.optional() })
  .transform(({ name, description = null }) => ({ name, description }))
  .meta({ id: 'NewPermission', example: { name: 'orders:read', description: 'See all orders' } });

export const PermissionChangeBody = z
  .strictObject({ description: Description })
  .meta({ id: 'PermissionChange', example: { description: 'See all orders' } });

export const RolePath = z.object({ name: RoleName });
export const PermissionPath = z.object({ name: PermissionName });

export const RolesQuery = z.strictObject(pagingByName(RoleName));
export const PermissionsQuery = z.strictObject(pagingByName(PermissionName));

export const ForceQuery = z.strictObject({
  force: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true also deletes it while it is in use, and takes it away from all holders' }),
});

const RoleView = z
  .strictObject({
    name: z.string().meta({ example: 'auditor' }),
    description: z.string().nullable(),
    permissions: z.array(z.string()).meta({ example: ['users:list', 'users:read'] }),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
    updated_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
  })
  .meta({ id: 'Role' });

const PermissionView = z
  .strictObject({
    name: z.string().meta({ example: 'orders:read' }),
    description: z.string().nullable(),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
  })
  .meta({ id: 'Permission' });

export const RoleAnswer = z.strictObject({ role: RoleView });
export const RolesAnswer = z.strictObject({ roles: z.array(RoleView), next_cursor: NextCursor });
export const PermissionAnswer = z.strictObject({ permission: PermissionView });
export const PermissionsAnswer = z.strictObject({
  permissions: z.array(PermissionView),
  next_cursor: NextCursor,
});

/** Member by member, so that nothing the store adds can leak. */
export function presentRole({ name, description, permissions, createdAt, updatedAt }: Role) {
  return {
    name,
    description,
    permissions: [...permissions],
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  } satisfies z.infer<typeof RoleView>;
}

export function presentPermission({ name, description, createdAt }: Permission) {
  return { name, description, created_at: createdAt.toISOString() } satisfies z.infer<typeof PermissionView>;
}

export function presentRoles(roles: readonly Role[], limit: number): z.infer<typeof RolesAnswer> {
  const { items, nextCursor } = pageOf(roles, limit, ({ name }) => name);
  return { roles: items.map(presentRole), next_cursor: nextCursor };
}

export function presentPermissions(
  permissions: readonly Permission[],
  limit: number,
): z.infer<typeof PermissionsAnswer> {
  const { items, nextCursor } = pageOf(permissions, limit, ({ name }) => name);
  return { permissions: items.map(presentPermission), next_cursor: nextCursor };
}
