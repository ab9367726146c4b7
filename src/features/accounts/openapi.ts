import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  jsonBodyOf,
  type Paths,
  refusals,
  USER_REFUSALS,
} from '../../http/openapi.ts';
import {
  LoginAnswer,
  LoginBody,
  PasswordBody,
  ProfileBody,
  RemovalBody,
  SignupBody,
  UserAnswer,
} from './schemas.ts';

const TAGS = ['Accounts'];
/** What a request refuses that carries a token and the password again. */
const PASSWORD_CHECK_REFUSALS = [
  ...USER_REFUSALS,
  ...BODY_REFUSALS,
  'session_required',
  'wrong_password',
  'overloaded',
] as const;

export const accountPaths: Paths = {
  '/signup': {
    post: {
      operationId: 'signup',
      tags: TAGS,
      summary: 'Create an account and log in',
      requestBody: jsonBodyOf(SignupBody),
      responses: {
        201: {
          description: 'The account and an access token',
          headers: { Location: { schema: { type: 'string' }, description: 'Always /me' } },
          ...json(LoginAnswer),
        },
        ...refusals(
          ...BODY_REFUSALS,
          'rate_limited',
          'overloaded',
          'signup_disabled',
          'email_taken',
          'username_taken',
          'database_unavailable',
        ),
      },
    },
  },
  '/login': {
    post: {
      operationId: 'login',
      tags: TAGS,
      summary: 'Log in with an email address or a username, and a password',
      requestBody: jsonBodyOf(LoginBody),
      responses: {
        200: { description: 'The account and an access token', ...json(LoginAnswer) },
        ...refusals(
          ...BODY_REFUSALS,
          'rate_limited',
          'overloaded',
          'invalid_credentials',
          'password_change_required',
          'database_unavailable',
        ),
      },
    },
  },
  '/me': {
    get: {
      operationId: 'getMe',
      tags: TAGS,
      summary: 'Read your account',
      security: BEARER_SECURITY,
      responses: {
        200: { description: 'The account', ...json(UserAnswer) },
        ...refusals(...USER_REFUSALS, ...BODY_REFUSALS),
      },
    },
    patch: {
      operationId: 'updateMe',
      tags: TAGS,
      summary: 'Change your name or username',
      security: BEARER_SECURITY,
      requestBody: jsonBodyOf(ProfileBody),
      responses: {
        200: { description: 'The changed account', ...json(UserAnswer) },
        ...refusals(...USER_REFUSALS, ...BODY_REFUSALS, 'username_taken'),
      },
    },
    delete: {
      operationId: 'deleteMe',
      tags: TAGS,
      summary: 'Delete your account',
      security: BEARER_SECURITY,
      requestBody: jsonBodyOf(RemovalBody),
      responses: {
        204: { description: 'The account is gone' },
        ...refusals(...PASSWORD_CHECK_REFUSALS, 'last_admin'),
      },
    },
  },
  '/me/password': {
    post: {
      operationId: 'changePassword',
      tags: TAGS,
      summary: 'Change your password',
      security: BEARER_SECURITY,
      requestBody: jsonBodyOf(PasswordBody),
      responses: {
        204: { description: 'The password is changed' },
        ...refusals(...PASSWORD_CHECK_REFUSALS),
      },
    },
  },
};
