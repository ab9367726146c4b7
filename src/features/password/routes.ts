import type { Core } from '../../core/core.ts';
import { withDeviceToken } from '../../core/sign-in/client.ts';
import { anyone, SIGN_IN_ERRORS, session, stepUp } from '../../http/access.ts';
import { noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { SIGNED_IN_ANSWER } from '../../http/sign-in.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import type { ChangePassword } from './change-password.ts';
import type { PasswordLogin } from './login.ts';
import { LoginBody, PasswordBody } from './schemas.ts';

interface Services {
  readonly login: PasswordLogin;
  readonly changePassword: ChangePassword;
  readonly passwords: Core['passwords'];
}

const route = routesWith<Services>();

export const passwordRoutes = [
  route({
    id: 'login',
    method: 'POST',
    path: '/login',
    tag: ACCOUNTS,
    summary: 'Log in with an email address or a username, and a password',
    description:
      'Send one of `identifier`, `email` and `username`: each takes an email address or a username, in any case.',
    access: anyone(),
    limit: 'login-ip',
    hashes: true,
    body: json(LoginBody),
    answers: { 200: SIGNED_IN_ANSWER },
    refuses: [
      'invalid_credentials',
      'password_change_required',
      'email_not_verified',
      'database_unavailable',
      ...SIGN_IN_ERRORS,
    ],
    async handle({ body, beginSignIn }, { login }) {
      const { password, device_token: deviceToken, new_password: newPassword } = body;
      const identifier = body.identifier ?? body.email ?? body.username ?? '';
      const { client, complete } = await beginSignIn(body.transport);
      const { quota, ...signedIn } = await login(
        { identifier, password, newPassword },
        withDeviceToken(client, deviceToken),
      );
      return ok(await complete(signedIn), { quota });
    },
  }),

  route({
    id: 'changePassword',
    method: 'POST',
    path: '/me/password',
    tag: ACCOUNTS,
    summary: 'Change your password',
    access: stepUp(session(), { hasPassword: true }),
    body: json(PasswordBody),
    answers: { 204: 'The password is changed' },
    refuses: ['wrong_password', 'overloaded'],
    checkFields({ new_password: password }, { passwords }) {
      // Whether it repeats the account's own words is known once the account is read.
      const problem = password === undefined ? null : passwords.problemOf(password, [], '/new_password');
      return problem === null ? [] : [problem];
    },
    async handle({ body, caller }, { changePassword }) {
      await changePassword(caller, body.current_password, body.new_password);
      return noContent();
    },
  }),
];
