import { z } from 'zod';
import { DeviceToken, TransportField } from '../../core/sign-in/login-view.ts';
import { GivenPassword, NewPassword } from '../../core/users/fields.ts';
import { MAX_EMAIL_LENGTH } from '../../core/users/identifiers.ts';
import { fieldIssue, wellFormedText } from '../../core/values/text.ts';

const GivenIdentifier = wellFormedText.refine(
  (value) => value.length <= MAX_EMAIL_LENGTH,
  fieldIssue('too_long', `Must have at most ${MAX_EMAIL_LENGTH} characters.`),
);

const IDENTIFIERS = ['identifier', 'email', 'username'] as const;

export const LoginBody = z
  .strictObject({
    identifier: GivenIdentifier.optional().meta({
      description: 'An email address or a username',
      example: 'grace@example.com',
    }),
    email: GivenIdentifier.optional().meta({ description: 'The same', example: 'grace@example.com' }),
    username: GivenIdentifier.optional().meta({ description: 'The same', example: 'grace' }),
    password: GivenPassword,
    device_token: DeviceToken.optional(),
    transport: TransportField,
    new_password: NewPassword.optional().meta({
      description: 'The new password, where the operator has required one',
    }),
  })
  .refine((body) => IDENTIFIERS.filter((name) => body[name] !== undefined).length === 1, {
    ...fieldIssue('one_identifier', 'Send exactly one of identifier, email and username.'),
    // Also where the password is unacceptable.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .meta({
    id: 'Login',
    description: 'An email address or a username, and the password',
    example: { identifier: 'grace@example.com', password: 'correct horse battery staple' },
  });

export const PasswordBody = z
  .strictObject({ current_password: GivenPassword, new_password: NewPassword })
  .meta({
    id: 'PasswordChange',
    example: {
      current_password: 'correct horse battery staple',
      new_password: 'a better horse, a bigger staple',
    },
  });
