import { z } from 'zod';
import { SentAnswer } from '../../core/codes/fields.ts';
import { CookieLoginAnswer, LoginAnswer, TransportField } from '../../core/sign-in/login-view.ts';
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

const verificationShape = {
  verification: SentAnswer.nullable().meta({
    description: 'For POST /email/verify with the code that was mailed; null where the service sends no mail',
  }),
};

/** By the transport that was asked for. */
export const SignupAnswer = z
  .union([
    LoginAnswer.extend(verificationShape).strict().meta({ id: 'SignupAnswerWithTokens' }),
    CookieLoginAnswer.extend(verificationShape).strict().meta({ id: 'SignupAnswerWithCookie' }),
  ])
  .meta({ id: 'SignupAnswer' });

export const ProfileBody = z
  .strictObject(profileShape)
  .refine(
    (body) => Object.keys(body).length > 0,
    fieldIssue('empty', 'Send at least one of name, username and language.'),
  )
  .meta({ id: 'ProfileChange', minProperties: 1, example: { name: 'Admiral Grace Hopper' } });

/** No body at all is an empty one. */
export const RemovalBody = z
  .strictObject({
    password: GivenPassword.optional().meta({
      description: 'Of an account that has one',
      example: 'correct horse battery staple',
    }),
  })
  .meta({ id: 'AccountRemoval', example: { password: 'correct horse battery staple' } })
  .optional();
