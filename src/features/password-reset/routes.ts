import { IdPath } from '../../core/values/fields.ts';
import { anyone, permission } from '../../http/access.ts';
import { noContent } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS, USER_ADMINISTRATION } from '../../http/tags.ts';
import type { PasswordReset } from './password-reset.ts';
import { presentResetLink, ResetBody, ResetLinkAnswer } from './schemas.ts';

const route = routesWith<{ readonly passwordReset: PasswordReset }>();

export const passwordResetRoutes = [
  route({
    id: 'resetPassword',
    method: 'POST',
    path: '/password/reset',
    tag: ACCOUNTS,
    summary: 'Choose another password with the token of a reset link',
    description: 'It ends all sessions and does not log in. A token is good for one hour and one password.',
    access: anyone(),
    limit: 'login-ip',
    hashes: true,
    body: json(ResetBody),
    answers: { 204: 'The password is changed' },
    refuses: ['invalid_reset_token', 'database_unavailable'],
    async handle({ body, origin }, { passwordReset }) {
      await passwordReset.reset(body.token, body.new_password, origin);
      return noContent();
    },
  }),

  route({
    id: 'createResetLink',
    method: 'POST',
    path: '/admin/users/{id}/reset-link',
    tag: USER_ADMINISTRATION,
    summary: 'Make a link with which a user chooses another password',
    description: 'It ends the link before. Give it to the user in a way that only they can read.',
    access: permission('users:reset-password'),
    params: { schema: IdPath, unknown: 'user_not_found' },
    answers: { 201: { description: 'The link, shown this once', schema: ResetLinkAnswer } },
    refuses: ['user_disabled'],
    async handle({ params, caller }, { passwordReset }) {
      const link = await passwordReset.createLink(params.id, caller);
      return { status: 201 as const, body: presentResetLink(link) };
    },
  }),
];
