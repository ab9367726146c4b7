import { z } from 'zod';
import { TransportField } from '../../core/sign-in/login-view.ts';
import { Email, GivenPassword, Name, NewPassword, profileShape, Username } from '../../core/users/fields.ts';
import { fieldIssue } from '../../core/values/text.ts';

export const SignupBody = z
  .strictObject({
    email: Email,
    password: NewPassword,
    username: Username.optional(),
    name: Name.optional(),
    transport: TransportField,
  })
  .meta({
    id: 'Signup',
    example: {
      email: 'grace@example.com',
      password: 'correct horse battery staple',
      username: 'grace',
      name: 'Grace Hopper',
    },
  });

export const ProfileBody = z
  .strictObject(profileShape)
  .refine((body) => Object.keys(body).length > 0, fieldIssue('empty', 'Send name, username or both.'))
  .meta({ id: 'ProfileChange', minProperties: 1, example: { name: 'Admiral Grace Hopper' } });

export const RemovalBody = z
  .strictObject({ password: GivenPassword })
  .meta({ id: 'AccountRemoval', example: { password: 'correct horse battery staple' } });
