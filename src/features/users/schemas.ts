import { z } from 'zod';
import { Email, Name, NewPassword, profileShape, Username } from '../../core/users/fields.ts';
import { presentUser, UserView } from '../../core/users/view.ts';
import { Id, IdPath, RoleName, Time } from '../../core/values/fields.ts';
import { NextCursor, pageOf, pagingById } from '../../core/values/paging.ts';
import { fieldIssue, wellFormedText } from '../../core/values/text.ts';
import type { UserInFull } from './users.ts';

/** With names of 64 characters and all permissions that fit, the token still fits into 8 KB. */
const MAX_ROLES = 16;
export const MAX_IMPORTED_USERS = 1000;
const IMPORT_SIZE = 'Must have 1 to 1,000 users.';

const Roles = z
  .array(RoleName)
  .max(MAX_ROLES, `Must have at most ${MAX_ROLES} roles.`)
  .transform((roles) => [...new Set(roles)])
  .meta({ example: ['user'] });

export const UserSessionPath = IdPath.extend({
  session_id: Id.meta({ example: '01a1f739-6939-74a2-857f-9ffafaab7f3e' }),
});

export const UsersQuery = z.strictObject({
  search: wellFormedText
    .refine(
      // No identifier has a NUL, and SQLite ends a statement at one.
      (value) => value !== '' && value.length <= 254 && !value.includes('\0'),
      fieldIssue('invalid', 'Must have 1 to 254 characters.'),
    )
    .optional()
    .meta({ description: 'The beginning of an email address, a username or an id', example: 'grace' }),
  role: RoleName.optional(),
  state: z.enum(['active', 'disabled'], 'Must be active or disabled.').optional(),
  ...pagingById,
});

export const NewUserBody = z
  .strictObject({
    email: Email,
    email_verified: z.boolean().default(false),
    password: NewPassword.optional(),
    username: Username.optional(),
    name: Name.optional(),
    roles: Roles.default(['user']),
  })
  .meta({ id: 'NewUser', example: { email: 'grace@example.com', roles: ['user'] } });

export const UserChangeBody = z
  .strictObject({
    email: Email.optional(),
    email_verified: z.boolean().optional(),
    ...profileShape,
  })
  .refine((body) => Object.keys(body).length > 0, fieldIssue('empty', 'Send at least one field.'))
  .meta({ id: 'UserChange', minProperties: 1, example: { name: 'Admiral Grace Hopper' } });

export const RolesBody = z
  .strictObject({ roles: Roles })
  .meta({ id: 'UserRoles', example: { roles: ['user', 'admin'] } });

/** The outcome of one item: the id of the user, or the reason why there is none. */
export interface ImportResult {
  readonly index: number;
  readonly id?: string;
  readonly code?: string;
  readonly detail?: string;
}

/** Each item is looked at by itself, so that one that is wrong does not hold up the others. */
export const ImportBody = z
  .strictObject({
    users: z.array(z.unknown()).min(1, IMPORT_SIZE).max(MAX_IMPORTED_USERS, IMPORT_SIZE).meta({
      description:
        'Each {email, password_hash?, totp_secret?, username?, name?, email_verified?, roles?, created_at?}; password_hash is bcrypt',
    }),
  })
  .meta({
    id: 'UserImport',
    example: {
      users: [
        {
          email: 'grace@example.com',
          password_hash: '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZiYqqCmz8TS6YzGyQzVgmIgWQpN4Pa',
        },
      ],
    },
  });

/**
 * bcrypt as other systems store it. The last sign of the salt holds two bits and that of the hash
 * four; whatever has more was damaged, and no password would ever match it.
 */
const BCRYPT_HASH =
  /^\$2[aby]\$(?<cost>0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

/** The cost of a bcrypt hash, or NaN where it is none. */
export function bcryptCostOf(hash: string): number {
  return Number(BCRYPT_HASH.exec(hash)?.groups?.cost);
}

/** 80 bits, as some authenticator apps have made them, to 512. */
const TOTP_SECRET = /^[A-Z2-7]{16,103}$/;
const WANTED_SECRET =
  'Must be a secret in base32 of 16 to 103 characters, for SHA-1, six digits and 30 seconds.';

/** A user of an import. A costlier hash would let its author decide how long logins wait. */
export function importedUser(maxCost: number) {
  const isTaken = (hash: string) => bcryptCostOf(hash) <= maxCost;
  const wanted = `Must be a bcrypt hash of cost 4 to ${maxCost}, which is one above BCRYPT_COST.`;
  return z.strictObject({
    email: Email,
    email_verified: z.boolean().default(false),
    password_hash: wellFormedText
      .refine(isTaken, fieldIssue('invalid', wanted))
      .optional()
      .meta({ example: '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZiYqqCmz8TS6YzGyQzVgmIgWQpN4Pa' }),
    totp_secret: wellFormedText
      .transform((secret) => secret.replaceAll(/[\s=-]/g, '').toUpperCase())
      .refine((secret) => TOTP_SECRET.test(secret), fieldIssue('invalid', WANTED_SECRET))
      .optional()
      .meta({ description: 'That of an authenticator app', example: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }),
    username: Username.optional(),
    name: Name.optional(),
    roles: Roles.default(['user']),
    // MySQL has none before, and the years 0 to 99 would come back as 2000 to 2099.
    created_at: Time.refine(
      (date) => date.getUTCFullYear() >= 1000,
      fieldIssue('invalid_time', 'Must be of the year 1000 or later.'),
    ).optional(),
  });
}

export const UserInFullView = UserView.extend({
  roles: z.array(z.string()),
  has_password: z.boolean(),
  disabled_at: z.iso.datetime().nullable(),
  password_changed_at: z.iso.datetime().nullable(),
  password_change_required_at: z.iso.datetime().nullable(),
})
  .strict()
  .meta({ id: 'UserInFull' });

export const UserInFullAnswer = z.strictObject({ user: UserInFullView });

export const UsersAnswer = z.strictObject({
  users: z.array(UserInFullView),
  next_cursor: NextCursor,
});

export const ImportAnswer = z.strictObject({
  imported: z.int(),
  refused: z.int(),
  results: z.array(
    z.strictObject({
      index: z.int(),
      id: z.uuid().optional(),
      code: z.string().optional().meta({ description: 'Why it was refused' }),
      detail: z.string().optional(),
    }),
  ),
});

/** Member by member, so that nothing the store adds can leak. */
function viewOf({ user, roles }: UserInFull): z.infer<typeof UserInFullView> {
  return {
    ...presentUser(user).user,
    roles: [...roles],
    has_password: user.passwordHash !== null,
    disabled_at: user.disabledAt?.toISOString() ?? null,
    password_changed_at: user.passwordChangedAt?.toISOString() ?? null,
    password_change_required_at: user.passwordChangeRequiredAt?.toISOString() ?? null,
  };
}

export function presentUserInFull(user: UserInFull): z.infer<typeof UserInFullAnswer> {
  return { user: viewOf(user) };
}

export function presentPage(users: readonly UserInFull[], limit: number): z.infer<typeof UsersAnswer> {
  const { items, nextCursor } = pageOf(users, limit, ({ user }) => user.id);
  return { users: items.map(viewOf), next_cursor: nextCursor };
}

export function presentImport(results: readonly ImportResult[]): z.infer<typeof ImportAnswer> {
  const imported = results.filter(({ id }) => id !== undefined).length;
  return { imported, refused: results.length - imported, results: [...results] };
}
