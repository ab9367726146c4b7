import { z } from 'zod';
import type { FieldErrorCode } from '../../core/errors.ts';
import { MAX_PASSWORD_LENGTH } from '../../core/passwords/policy.ts';
import {
  MAX_EMAIL_LENGTH,
  MAX_USERNAME_LENGTH,
  MIN_USERNAME_LENGTH,
  parseEmail,
  parseUsername,
  USERNAME_PATTERN,
} from '../../core/users/identifiers.ts';
import type { Identifier, User } from '../../core/users/ports.ts';
import { displayText, fault, nullIfEmpty, wellFormedText } from '../../core/values/text.ts';
import type { Login } from '../password/login.ts';
import { presentGrant, sessionGrantShape } from '../sessions/schemas.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';
const MAX_NAME_LENGTH = 200;
/** Longer than any password may be, so that a login with a wrong one is a wrong password and not a bad request. */
const MAX_PASSWORD_INPUT_LENGTH = 1024;

export const Email = identifier(
  parseEmail,
  'invalid_email',
  'Must be an email address, such as grace@example.com.',
).meta({
  maxLength: MAX_EMAIL_LENGTH,
  example: 'grace@example.com',
});

export const Username = identifier(
  parseUsername,
  'invalid_username',
  `Must be ${MIN_USERNAME_LENGTH} to ${MAX_USERNAME_LENGTH} letters (a-z), digits or the signs _ . -`,
).meta({
  minLength: MIN_USERNAME_LENGTH,
  maxLength: MAX_USERNAME_LENGTH,
  pattern: USERNAME_PATTERN.source,
  example: 'grace',
});

/** A display name; an empty one means none. */
export const Name = displayText({ code: 'invalid_name', minLength: 0, maxLength: MAX_NAME_LENGTH })
  .transform(nullIfEmpty)
  .meta({
    example: 'Grace Hopper',
    description: 'Shown to people; empty for none',
    maxLength: MAX_NAME_LENGTH,
  });

/** What a new password must be is decided by the policy, which knows the configuration and the person. */
export const NewPassword = wellFormedText.meta({
  format: 'password',
  description: 'At least PASSWORD_MIN_LENGTH characters (8), none of the common ones; spaces and case count',
  maxLength: MAX_PASSWORD_LENGTH,
  example: 'correct horse battery staple',
});

const GivenPassword = wellFormedText
  .refine(
    (value) => value.length <= MAX_PASSWORD_INPUT_LENGTH,
    fault('password_too_long', `Must have at most ${MAX_PASSWORD_INPUT_LENGTH} characters.`),
  )
  .meta({ format: 'password', example: 'correct horse battery staple' });

const GivenIdentifier = wellFormedText.refine(
  (value) => value.length <= MAX_EMAIL_LENGTH,
  fault('too_long', `Must have at most ${MAX_EMAIL_LENGTH} characters.`),
);

const DeviceToken = wellFormedText.meta({
  description: 'From an earlier login on this device: then failures elsewhere do not count against this one',
  example: 'DEVICE_TOKEN',
});

export const SignupBody = z
  .strictObject({ email: Email, password: NewPassword, username: Username.optional(), name: Name.optional() })
  .meta({
    id: 'Signup',
    example: {
      email: 'grace@example.com',
      password: 'correct horse battery staple',
      username: 'grace',
      name: 'Grace Hopper',
    },
  });

export const LoginBody = z
  .strictObject({
    email: GivenIdentifier.optional().meta({ example: 'grace@example.com' }),
    username: GivenIdentifier.optional(),
    password: GivenPassword,
    device_token: DeviceToken.optional(),
    new_password: NewPassword.optional().meta({
      description: 'In place of the present one, where another one is demanded',
    }),
  })
  .refine(
    (body) => (body.email === undefined) !== (body.username === undefined),
    fault('one_identifier', 'Send either email or username.'),
  )
  .meta({
    id: 'Login',
    description: 'Either email or username, and the password',
    example: { email: 'grace@example.com', password: 'correct horse battery staple' },
  });

export const ProfileBody = z
  .strictObject({ name: Name.optional(), username: Username.optional() })
  .refine((body) => Object.keys(body).length > 0, fault('empty', 'Send name, username or both.'))
  .meta({ id: 'ProfileChange', minProperties: 1, example: { name: 'Admiral Grace Hopper' } });

export const PasswordBody = z
  .strictObject({ current_password: GivenPassword, new_password: NewPassword })
  .meta({
    id: 'PasswordChange',
    example: {
      current_password: 'correct horse battery staple',
      new_password: 'a better horse, a bigger staple',
    },
  });

export const RemovalBody = z
  .strictObject({ password: GivenPassword })
  .meta({ id: 'AccountRemoval', example: { password: 'correct horse battery staple' } });

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
export const LoginAnswer = z
  .strictObject({
    user: UserView,
    ...sessionGrantShape,
    device_token: z.string().meta({ description: 'Keep it, and send it with the next login on this device' }),
  })
  .meta({ id: 'LoginAnswer' });

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

export function presentLogin({ user, grant, deviceToken }: Login): z.infer<typeof LoginAnswer> {
  return { ...presentUser(user), ...presentGrant(grant), device_token: deviceToken };
}

function identifier(read: (typed: string) => Identifier | null, code: FieldErrorCode, message: string) {
  return wellFormedText.transform((typed, context): Identifier => {
    const found = read(typed);
    if (found !== null) return found;
    context.addIssue({ code: 'custom', ...fault(code, message) });
    return z.NEVER;
  });
}
