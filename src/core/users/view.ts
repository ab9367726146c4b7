import { z } from 'zod';
import type { Holding } from '../principal.ts';
import type { User } from './user.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';

export const UserView = z
  .object({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    email: z
      .string()
      .nullable()
      .meta({ description: 'Null for a user who signs in by phone', example: 'grace@example.com' }),
    phone: z.string().nullable().meta({ description: 'In E.164; always verified', example: null }),
    username: z.string().nullable().meta({ example: 'grace' }),
    name: z.string().nullable().meta({ example: 'Grace Hopper' }),
    language: z.string().nullable().meta({
      description: 'The language of messages (BCP 47); null for that of the request',
      example: null,
    }),
    email_verified: z.boolean().meta({ example: false }),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
    updated_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
  })
  .strict()
  .meta({ id: 'User' });

/** The account with what the credential of the request allows. */
export const MeView = UserView.extend({
  roles: z
    .array(z.string())
    .meta({ description: 'None where the token or key is narrowed', example: ['user'] }),
  scope: z.string().meta({ description: 'Permissions separated by spaces', example: '' }),
  has_password: z.boolean().meta({
    description: 'Whether it signs in with a password: one without sets it by POST /password/forgot',
  }),
  last_sign_in_at: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'Null once the record of that session has been removed', example: EXAMPLE_TIME }),
})
  .strict()
  .meta({ id: 'Me' });

export const MeAnswer = z.strictObject({ user: MeView });

export const UserAnswer = z.strictObject({ user: UserView });

/** Member by member, so that nothing the store adds can leak. */
export function presentUser(user: User): z.infer<typeof UserAnswer> {
  return {
    user: {
      id: user.id,
      email: user.email,
      phone: user.phone,
      username: user.username,
      name: user.name,
      language: user.language,
      email_verified: user.emailVerifiedAt !== null,
      created_at: user.createdAt.toISOString(),
      updated_at: user.updatedAt.toISOString(),
    },
  };
}

export function presentMe(
  user: User,
  { roles, permissions }: Holding,
  lastSignInAt: Date | null,
): z.infer<typeof MeAnswer> {
  return {
    user: {
      ...presentUser(user).user,
      roles: [...roles],
      scope: permissions.join(' '),
      has_password: user.passwordHash !== null,
      last_sign_in_at: lastSignInAt?.toISOString() ?? null,
    },
  };
}
