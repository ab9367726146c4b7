import { z } from 'zod';
import { FactorCode } from '../../core/factors/view.ts';
import { GivenPassword } from '../../core/users/fields.ts';
import { fieldIssue } from '../../core/values/text.ts';

export const ReauthenticationBody = z
  .strictObject({
    password: GivenPassword.optional(),
    method: z.enum(['totp', 'recovery_code']).default('totp').meta({ description: 'That of the code' }),
    code: FactorCode.optional(),
  })
  .refine(
    ({ password, code }) => (password === undefined) !== (code === undefined),
    fieldIssue('one_proof', 'Send password, or code.'),
  )
  .meta({ id: 'Reauthentication', example: { password: 'correct horse battery staple' } });
