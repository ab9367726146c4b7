import type { Core } from '../../core/core.ts';
import { LoginAnswer, presentLogin } from '../../core/sign-in/login-view.ts';
import { anyone, session } from '../../http/access.ts';
import { noContent, ok } from '../../http/answer.ts';
import { unlessRefused } from '../../http/authenticate.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import type { ChangePassword } from './change-password.ts';
import type { PasswordLogin } from './login.ts';
import { LoginBody, PasswordBody } from './schemas.ts';

interface Services {
  readonly login: PasswordLogin;
  readonly changePassword: ChangePassword;
  readonly passwords: Core['passwords'];
  readonly userInSession: Core['userInSession'];
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
    answers: { 200: { description: 'The account and an access token', schema: LoginAnswer } },
    refuses: ['invalid_credentials', 'password_change_required', 'database_unavailable'],
    async handle({ body, origin, bearerToken }, { login, userInSession }) {
      const { device_token: deviceToken, new_password: newPassword, password } = body;
      const identifier = body.identifier ?? body.email ?? body.username ?? '';
      const sessionUserId = await unlessRefused(() => userInSession(bearerToken()));
      const { quota, ...signedIn } = await login(
        { identifier, password, newPassword },
        { deviceToken, sessionUserId },
        origin,
      );
      return ok(presentLogin(signedIn), { quota });
    },
  }),

  route({
    id: 'changePassword',
    method: 'POST',
    path: '/me/password',
    tag: ACCOUNTS,
    summary: 'Change your password',
    access: session(),
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
