import type { z } from 'zod';
import { presentSent, SentAnswer } from '../../core/codes/fields.ts';
import type { FieldError } from '../../core/errors.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import { MeAnswer, presentMe } from '../../core/users/view.ts';
import { anyone, COOKIE_SIGN_IN_ERRORS, session, stepUp, user } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import type { Exchange } from '../../http/exchange.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import type { Accounts } from './accounts.ts';
import { ProfileBody, RemovalBody, SignupAnswer, SignupBody } from './schemas.ts';

interface Services {
  readonly accounts: Accounts;
  /** Whether a sign-up is a login too, waits for its address to be verified, or does not even tell whether that is known. */
  readonly mode: 'open' | 'unverified' | 'hidden';
}

const route = routesWith<Services>();

/** A username that is taken afterwards would tell that the sign-up before had a new address. */
const USERNAME_LATER: FieldError = {
  pointer: '/username',
  code: 'not_accepted_here',
  detail: 'Choose a username once you have signed in: PATCH /me.',
};

/** The same by two methods. */
const deletion = {
  tag: ACCOUNTS,
  access: stepUp(session(), { hasPassword: true }),
  body: json(RemovalBody),
  answers: { 204: 'The account is gone; a browser forgets its cookie' },
  refuses: ['wrong_password', 'overloaded', 'last_admin'],
} as const;

interface DeletionInput {
  readonly body: z.output<typeof RemovalBody>;
  readonly caller: PrincipalCaller<UserPrincipal>;
  readonly forgetCookie: Exchange['forgetCookie'];
}

async function deleteAccount({ body, caller, forgetCookie }: DeletionInput, { accounts }: Services) {
  await accounts.remove(caller, body?.password);
  forgetCookie();
  return noContent();
}

export const accountRoutes = [
  route({
    id: 'signup',
    method: 'POST',
    path: '/signup',
    tag: ACCOUNTS,
    summary: 'Create an account and log in',
    access: anyone(),
    limit: 'signup-ip',
    hashes: true,
    body: json(SignupBody),
    answers: {
      201: {
        description: 'The account and an access token, or a cookie',
        headers: { Location: 'Always /me', 'Set-Cookie': 'Where `transport` is cookie' },
        schema: SignupAnswer,
      },
      202: {
        description:
          'A code and a link are on their way, and have to come back by POST /email/verify first: with REQUIRE_VERIFIED_EMAIL, or SIGNUP_ENUMERATION=hide, where it is the same for a known address',
        schema: SentAnswer,
      },
    },
    refuses: [
      'signup_disabled',
      'email_taken',
      'username_taken',
      'database_unavailable',
      ...COOKIE_SIGN_IN_ERRORS,
    ],
    checkFields: (fields, { accounts, mode }) => [
      ...accounts.passwordProblems(fields),
      ...(mode === 'hidden' && fields.username !== undefined ? [USERNAME_LATER] : []),
    ],
    async handle({ body, beginSignIn, origin, count }, { accounts, mode }) {
      if (mode === 'hidden') return presentSent(await accounts.signUpHidden(body, origin, count));
      if (mode === 'unverified') return presentSent(await accounts.signUpUnverified(body, origin, count));
      const { client, complete } = await beginSignIn(body.transport);
      const { login, verification } = await accounts.signUp(body, client, count);
      return created('/me', {
        ...(await complete(login)),
        verification: verification && presentSent(verification).body,
      });
    },
  }),

  route({
    id: 'getMe',
    method: 'GET',
    path: '/me',
    tag: ACCOUNTS,
    summary: 'Read your account',
    access: user({ forEnrolment: true }),
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
    tag: ACCOUNTS,
    summary: 'Change your name, username or language',
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
    ...deletion,
    summary: 'Delete your account',
    description:
      'With your password; where the account has none, soon after a sign-in (RECENT_SIGN_IN_SECONDS).',
    handle: deleteAccount,
  }),

  route({
    id: 'deleteMeByPost',
    method: 'POST',
    path: '/me/delete',
    ...deletion,
    summary: 'Delete your account, where a DELETE with a body does not get through',
    description: 'The same as DELETE /me. Some proxies and HTTP clients drop the body of a DELETE.',
    handle: deleteAccount,
  }),
];
