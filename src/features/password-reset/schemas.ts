import { z } from 'zod';
import { codeOrLinkShape, EXAMPLE_TOKEN, hasOneProof, ONE_PROOF } from '../../core/codes/fields.ts';
import { Email, NewPassword } from '../../core/users/fields.ts';
import type { ResetLink } from './by-admin.ts';

export const ForgotBody = z
  .strictObject({ email: Email })
  .meta({ id: 'PasswordForgotten', example: { email: 'grace@example.com' } });

export const ResetBody = z
  .strictObject({ ...codeOrLinkShape, new_password: NewPassword })
  .refine(hasOneProof, ONE_PROOF)
  .meta({
    id: 'PasswordReset',
    example: { token: EXAMPLE_TOKEN, new_password: 'a better horse, a bigger staple' },
  });

export const ResetForm = z.object({ new_password: NewPassword });

export const ResetLinkAnswer = z
  .strictObject({
    link: z.string().meta({
      description: 'The page of PASSWORD_RESET_URL with the token, or that of this service',
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
