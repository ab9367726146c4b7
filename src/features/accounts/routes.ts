import { LoginAnswer, presentLogin } from '../../core/sign-in/login-view.ts';
import { MeAnswer, presentMe } from '../../core/users/view.ts';
import { anyone, session, user } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import type { Accounts } from './accounts.ts';
import { ProfileBody, RemovalBody, SignupBody } from './schemas.ts';

const route = routesWith<{ readonly accounts: Accounts }>();

export const accountRoutes = [
  route({
    id: 'signup',
    method: 'POST',
    path: '/signup',
    tag: 'Accounts',
    summary: 'Create an account and log in',
    access: anyone(),
    limit: 'signup-ip',
    hashes: true,
    body: json(SignupBody),
    answers: {
      201: {
        description: 'The account and an access token',
        headers: { Location: 'Always /me' },
        schema: LoginAnswer,
      },
    },
    refuses: ['signup_disabled', 'email_taken', 'username_taken', 'database_unavailable'],
    async handle({ body, origin }, { accounts }) {
      return created('/me', presentLogin(await accounts.signUp(body, origin)));
    },
  }),

  route({
    id: 'getMe',
    method: 'GET',
    path: '/me',
    tag: 'Accounts',
    summary: 'Read your account',
    access: user(),
    answers: { 200: { description: 'The account', schema: MeAnswer } },
    async handle({ caller: { principal } }, { accounts }) {
      const user = await accounts.get(principal.userId);
      return ok(presentMe(user, principal, await accounts.lastSignInAt(user.id)));
    },
  }),

  route({
    id: 'updateMe',
    method: 'PATCH',
    path: '/me',
    tag: 'Accounts',
    summary: 'Change your name or username',
    access: user(),
    body: json(ProfileBody),
    answers: { 200: { description: 'The changed account', schema: MeAnswer } },
    refuses: ['username_taken'],
    async handle({ body, caller }, { accounts }) {
      const user = await accounts.updateProfile(caller, body);
      return ok(presentMe(user, caller.principal, await accounts.lastSignInAt(user.id)));
    },
  }),

  route({
    id: 'deleteMe',
    method: 'DELETE',
    path: '/me',
    tag: 'Accounts',
    summary: 'Delete your account',
    access: session(),
    body: json(RemovalBody),
    answers: { 204: 'The account is gone' },
    refuses: ['wrong_password', 'overloaded', 'last_admin'],
    async handle({ body, caller }, { accounts }) {
      await accounts.remove(caller, body.password);
      return noContent();
    },
  }),
];
