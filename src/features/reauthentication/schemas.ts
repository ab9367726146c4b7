import { z } from 'zod';
import { FactorCode } from '../../core/factors/view.ts';
import { Assertion, ChallengeToken } from '../../core/passkeys/fields.ts';
import { GivenPassword } from '../../core/users/fields.ts';
import { fieldIssue } from '../../core/values/text.ts';

const ONE_OF_THEM = fieldIssue('one_proof', 'Send password, or code, or credential and challenge_token.');

export const ReauthenticationBody = z
  .strictObject({
    password: GivenPassword.optional(),
    method: z.enum(['totp', 'recovery_code']).default('totp').meta({ description: 'That of the code' }),
    code: FactorCode.optional(),
    credential: Assertion.optional().meta({ description: 'That of a passkey' }),
    challenge_token: ChallengeToken.optional().meta({ description: 'Of POST /login/passkey/options' }),
  })
  .refine(
    ({ password, code, credential, challenge_token: token }) =>
      [password, code, credential].filter((proof) => proof !== undefined).length === 1 &&
      (credential === undefined) === (token === undefined),
    ONE_OF_THEM,
  )
  .meta({ id: 'Reauthentication', example: { password: 'correct horse battery staple' } });
