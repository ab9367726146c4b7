import { z } from 'zod';
import type { User } from './user.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';

export const UserView = z
  .object({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    email: z.string().meta({ example: 'grace@example.com' }),
    username: z.string().nullable().meta({ example: 'grace' }),
    name: z.string().nullable().meta({ example: 'Grace Hopper' }),
    email_verified: z.boolean().meta({ example: false }),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
    updated_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
  })
  .strict()
  .meta({ id: 'User' });

export const UserAnswer = z.strictObject({ user: UserView });

/** Member by member, so that nothing the store adds can leak. */
export function presentUser(user: User): z.infer<typeof UserAnswer> {
  return {
    user: {
      id: user.id,
      email: user.email,
      username: user.username,
      name: user.name,
      email_verified: user.emailVerifiedAt !== null,
      created_at: user.createdAt.toISOString(),
      updated_at: user.updatedAt.toISOString(),
    },
  };
}
