import { z } from 'zod';
import { LinkToken } from '../../core/codes/fields.ts';
import { FACTOR_METHODS } from '../../core/factors/factor.ts';
import { FactorCode, presentTotp, RecoveryCodes, TotpView } from '../../core/factors/view.ts';
import { Assertion, RequestOptions } from '../../core/passkeys/fields.ts';
import { DeviceToken } from '../../core/sign-in/login-view.ts';
import { ReauthenticationAnswer } from '../../core/sign-in/reauthentication-view.ts';
import { EXAMPLE_ID } from '../../core/values/fields.ts';
import { displayText, fieldIssue } from '../../core/values/text.ts';
import type { Enrolment, Overview } from './factors.ts';

const MAX_NAME_LENGTH = 100;

const FactorName = displayText({ code: 'invalid_name', minLength: 1, maxLength: MAX_NAME_LENGTH }).meta({
  description: 'What you call it, such as the phone that it is on',
  example: 'My phone',
});

const ChallengeToken = LinkToken.meta({
  description: 'Of the refusal second_factor_required',
  example: 'CHALLENGE_TOKEN',
});

export const FactorLoginBody = z
  .strictObject({
    challenge_token: ChallengeToken,
    method: z.enum(FACTOR_METHODS).meta({ example: 'totp' }),
    code: FactorCode.optional(),
    credential: Assertion.optional().meta({ description: 'By the method passkey, in place of a code' }),
    remember_device: z
      .boolean()
      .optional()
      .meta({ description: 'Whether this device is not asked again, for MFA_REMEMBER_DAYS', example: false }),
    device_token: DeviceToken.optional(),
  })
  .refine(
    ({ method, code, credential }) =>
      method === 'passkey'
        ? credential !== undefined && code === undefined
        : code !== undefined && credential === undefined,
    fieldIssue('one_proof', 'Send credential with the method passkey, and code with any other.'),
  )
  .meta({ id: 'FactorLogin' });

export const FactorOptionsBody = z
  .strictObject({ challenge_token: ChallengeToken })
  .meta({ id: 'FactorOptionsRequest' });

export const FactorOptionsAnswer = z.strictObject({ public_key: RequestOptions });

export const FactorCodeBody = z
  .strictObject({
    challenge_token: ChallengeToken,
    method: z.enum(['email_code', 'phone_code']).meta({ example: 'email_code' }),
  })
  .meta({ id: 'FactorCodeRequest' });

export const FactorCodeAnswer = z.strictObject({
  expires_in: z.int().positive().meta({ description: 'Seconds for which the code is good', example: 300 }),
});

export const TotpBody = z
  .strictObject({ name: FactorName.nullable().optional() })
  .optional()
  .meta({ id: 'NewTotpFactor' });

export const RenameBody = z.strictObject({ name: FactorName.nullable() }).meta({ id: 'TotpFactorChange' });

export const ConfirmBody = z.strictObject({ code: FactorCode }).meta({ id: 'FirstCode' });

export const FactorsAnswer = z.strictObject({
  totp: z.array(TotpView),
  passkeys: z.int().meta({ description: 'How many: GET /me/passkeys lists them' }),
  recovery_codes: z.int().meta({ description: 'How many are left' }),
});

export const EnrolmentAnswer = z
  .strictObject({
    factor_id: z.uuid().meta({ example: EXAMPLE_ID }),
    secret: z.string().meta({ description: 'In base32, to be typed in' }),
    otpauth_uri: z.string().meta({ description: 'The same as a link that opens an authenticator app' }),
    qr_svg: z.string().meta({ description: 'The link as a QR code, an SVG' }),
  })
  .meta({ id: 'TotpEnrolment' });

export const TotpAnswer = z.strictObject({ factor: TotpView });

export const ConfirmAnswer = z.strictObject({
  factor: TotpView,
  recovery_codes: RecoveryCodes.nullable().meta({ description: 'Null where the account has some' }),
  session: ReauthenticationAnswer.meta({ description: 'It is authenticated by two factors now' }),
});

export const RecoveryCodesAnswer = z.strictObject({ recovery_codes: RecoveryCodes });

export function presentFactors({
  totpFactors,
  passkeys,
  recoveryCodes,
}: Overview): z.infer<typeof FactorsAnswer> {
  return { totp: totpFactors.map(presentTotp), passkeys, recovery_codes: recoveryCodes };
}

export function presentEnrolment({ id, secret, uri, qrSvg }: Enrolment): z.infer<typeof EnrolmentAnswer> {
  return { factor_id: id, secret, otpauth_uri: uri, qr_svg: qrSvg };
}
