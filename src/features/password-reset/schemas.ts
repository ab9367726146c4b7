import { z } from 'zod';
import { NewPassword } from '../../core/users/fields.ts';
import { wellFormedText } from '../../core/values/text.ts';
import type { ResetLink } from './password-reset.ts';

const EXAMPLE_TOKEN = 'q4n9Yb0dVdVb2U6Jm0sYl1T1m3V8x1r0o5e7w2k9c4g';

/** Any text: what is no token is refused like one that has expired. */
export const ResetBody = z
  .strictObject({
    token: wellFormedText.meta({
      description: 'From the link that an administrator made',
      example: EXAMPLE_TOKEN,
    }),
    new_password: NewPassword,
  })
  .meta({
    id: 'PasswordReset',
    example: { token: EXAMPLE_TOKEN, new_password: 'a better horse, a bigger staple' },
  });

export const ResetLinkAnswer = z
  .strictObject({
    link: z
      .string()
      .nullable()
      .meta({
        description: 'The page of PASSWORD_RESET_URL with the token; null where the operator has set none',
        example: `https://app.example.com/reset-password#token=${EXAMPLE_TOKEN}`,
      }),
    token: z
      .string()
      .meta({ description: 'For POST /password/reset; shown this once', example: EXAMPLE_TOKEN }),
    expires_at: z.iso.datetime().meta({ example: '2026-11-20T05:31:37.251Z' }),
  })
  .meta({ id: 'PasswordResetLink' });

/** Member by member, so that nothing else can leak. */
export function presentResetLink({ link, token, expiresAt }: ResetLink): z.infer<typeof ResetLinkAnswer> {
  return { link, token, expires_at: expiresAt.toISOString() };
}
