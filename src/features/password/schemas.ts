import { z } from 'zod';
import { GivenPassword, NewPassword } from '../../core/users/fields.ts';
import { MAX_EMAIL_LENGTH } from '../../core/users/identifiers.ts';
import { fieldIssue, wellFormedText } from '../../core/values/text.ts';

const GivenIdentifier = wellFormedText.refine(
  (value) => value.length <= MAX_EMAIL_LENGTH,
  fieldIssue('too_long', `Must have at most ${MAX_EMAIL_LENGTH} characters.`),
);

const DeviceToken = wellFormedText.meta({
  description: 'From an earlier login on this device: then failures elsewhere do not count against this one',
  example: 'DEVICE_TOKEN',
});

export const LoginBody = z
  .strictObject({
    email: GivenIdentifier.optional().meta({ example: 'grace@example.com' }),
    username: GivenIdentifier.optional(),
    password: GivenPassword,
    device_token: DeviceToken.optional(),
    new_password: NewPassword.optional().meta({
      description: 'The new password, where the operator has required one',
    }),
  })
  .refine(
    (body) => (body.email === undefined) !== (body.username === undefined),
    fieldIssue('one_identifier', 'Send either email or username.'),
  )
  .meta({
    id: 'Login',
    description: 'Either email or username, and the password',
    example: { email: 'grace@example.com', password: 'correct horse battery staple' },
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
