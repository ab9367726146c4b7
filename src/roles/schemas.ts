import { z } from 'zod';
import { fault, wellFormedText } from '../http/text.ts';
import type { Permission, Role } from './ports.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';
const MAX_DESCRIPTION_LENGTH = 200;
/** Control characters, line ends, and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** Not . and .. which no client could name in a path. */
const ROLE_NAME = /^(?!\.{1,2}$)[a-z0-9_.-]{1,64}$/;
const PERMISSION_NAME = /^[a-z0-9_.-]{1,63}:[a-z0-9_.-]{1,63}$/;
const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

const RoleName = wellFormedText
  .refine(
    (value) => ROLE_NAME.test(value),
    fault('invalid_role', 'Must be 1 to 64 letters (a-z), digits or the signs _ . -'),
  )
  .meta({ minLength: 1, maxLength: 64, pattern: ROLE_NAME.source, example: 'auditor' });

const PermissionName = wellFormedText
  .refine(
    (value) => PERMISSION_NAME.test(value),
    fault(
      'invalid_permission',
      'Must be resource:action, each 1 to 63 letters (a-z), digits or the signs _ . -',
    ),
  )
  .meta({ maxLength: 127, pattern: PERMISSION_NAME.source, example: 'orders:read' });

/** For people; an empty one means none. */
const Description = wellFormedText
  .refine(
    (value) => [...value].length <= MAX_DESCRIPTION_LENGTH && !UNPRINTABLE.test(value),
    fault(
      'invalid_description',
      `Must have at most ${MAX_DESCRIPTION_LENGTH} characters and none that control the text.`,
    ),
  )
  .transform((value) => value.trim() || null)
  .nullable()
  .meta({ maxLength: MAX_DESCRIPTION_LENGTH, example: 'May look and not touch' });

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
      description: 'May look and not touch',
      permissions: ['users:list', 'users:read'],
    },
  });

export const RoleChangeBody = z
  .strictObject({ description: Description.optional(), permissions: PermissionList.optional() })
  .refine((body) => Object.keys(body).length > 0, fault('empty', 'Send description, permissions or both.'))
  .meta({ id: 'RoleChange', minProperties: 1, example: { permissions: ['users:list'] } });

export const PermissionBody = z
  .strictObject({ name: PermissionName, description: Description.optional() })
  .transform(({ name, description = null }) => ({ name, description }))
  .meta({ id: 'NewPermission', example: { name: 'orders:read', description: 'See the orders of anybody' } });

export const RolePath = z.object({ name: RoleName });
export const PermissionPath = z.object({ name: PermissionName });

export const PageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, `Must be a whole number from 1 to ${MAX_PAGE}.`)
    .transform(Number)
    .refine((value) => value <= MAX_PAGE, fault('invalid', `Must be a whole number from 1 to ${MAX_PAGE}.`))
    .optional()
    .transform((value = DEFAULT_PAGE) => value)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE }),
  cursor: wellFormedText
    .refine((value) => value.length <= 128, fault('too_long', 'Must be next_cursor of the page before.'))
    .optional()
    .meta({ description: 'next_cursor of the page before' }),
});

export const ForceQuery = z.strictObject({
  force: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true also deletes what is in use, and takes it away from whoever has it' }),
});

const NextCursor = z.string().nullable().meta({ description: 'For the next page; null on the last one' });

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

/** The first `limit` of what was read, one row more than that, and where the next page begins. */
export function pageOf<Item extends { readonly name: string }>(found: readonly Item[], limit: number) {
  const items = found.slice(0, limit);
  return { items, next_cursor: found.length > limit ? (items.at(-1)?.name ?? null) : null };
}
