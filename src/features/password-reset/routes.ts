import { CODE_ERRORS } from '../../core/codes/errors.ts';
import { presentSent, SentAnswer } from '../../core/codes/fields.ts';
import type { Core } from '../../core/core.ts';
import { AppError, type FieldError } from '../../core/errors.ts';
import type { Page } from '../../core/pages.ts';
import { MAX_PASSWORD_LENGTH } from '../../core/passwords/policy.ts';
import { IdPath } from '../../core/values/fields.ts';
import { anyone, ownPage, permission, stepUp } from '../../http/access.ts';
import { noContent } from '../../http/answer.ts';
import { json, pageForm } from '../../http/body.ts';
import { linkPage, PAGE_ANSWER } from '../../http/link-page.ts';
import { showPage } from '../../http/page.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS, USER_ADMINISTRATION } from '../../http/tags.ts';
import type { ResetByAdmin } from './by-admin.ts';
import type { PasswordReset } from './password-reset.ts';
import { ForgotBody, presentResetLink, ResetBody, ResetForm, ResetLinkAnswer } from './schemas.ts';

interface Services {
  readonly passwordReset: PasswordReset;
  readonly resetByAdmin: ResetByAdmin;
  readonly passwords: Core['passwords'];
  readonly minPasswordLength: number;
}

const route = routesWith<Services>();

const RESET_PAGE = linkPage('reset_link', 'invalid_reset_token');

/** Where the message went to an account, the page names its address, and a browser keeps the password under it. */
function resetPage(address: string | null, minLength: number): Page {
  return {
    words: address === null ? 'pages.reset_password' : 'pages.reset_password_of',
    template: 'reset-password',
    values: { address: address ?? '', min: minLength, max: MAX_PASSWORD_LENGTH },
    data: { username: address, minLength },
    leadsTo: [],
  };
}

export const passwordResetRoutes = [
  route({
    id: 'forgotPassword',
    method: 'POST',
    path: '/password/forgot',
    tag: ACCOUNTS,
    summary: 'Get a code and a link to choose another password',
    description:
      'They go to the address that the account has. The link opens PASSWORD_RESET_URL, or a page of this service.',
    access: anyone(),
    limit: 'send-ip',
    body: json(ForgotBody),
    answers: { 202: { description: 'The same whether or not there is an account', schema: SentAnswer } },
    refuses: ['channel_not_configured', 'rate_limited', 'database_unavailable'],
    async handle({ body, origin, count }, { passwordReset }) {
      return presentSent(await passwordReset.forgot(body.email, origin, count));
    },
  }),

  route({
    id: 'resetPassword',
    method: 'POST',
    path: '/password/reset',
    tag: ACCOUNTS,
    summary: 'Choose another password with a code or the token of a link',
    description:
      'It ends all sessions and does not log in. A message is good for ten minutes, a link of an administrator for an hour, each for one password.',
    access: anyone(),
    limit: 'login-ip',
    hashes: true,
    body: json(ResetBody),
    answers: { 204: 'The password is changed' },
    refuses: ['invalid_reset_token', ...CODE_ERRORS, 'database_unavailable'],
    checkFields: ({ new_password: password }, { passwords }) => problemsOf(password, passwords),
    async handle({ body, origin }, { passwordReset }) {
      const { challenge_id: id = '', code = '', token, new_password: newPassword } = body;
      await passwordReset.reset(token === undefined ? { id, code } : { token }, newPassword, origin);
      return noContent();
    },
  }),

  route({
    id: 'resetPasswordPage',
    method: 'GET',
    path: '/password/reset/{token}',
    access: anyone(),
    ...RESET_PAGE,
    async handle({ params }, { passwordReset, minPasswordLength: minLength }) {
      const { address } = await passwordReset.open(params.token);
      return showPage(resetPage(address, minLength));
    },
  }),

  route({
    id: 'resetPasswordByLink',
    method: 'POST',
    path: '/password/reset/{token}',
    access: ownPage(),
    hashes: true,
    body: pageForm(ResetForm),
    ...RESET_PAGE,
    answers: { 200: PAGE_ANSWER, 400: PAGE_ANSWER },
    async handle({ params: { token }, body, origin }, { passwordReset, minPasswordLength: minLength }) {
      try {
        await passwordReset.reset({ token }, body.new_password, origin);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'validation_failed') throw error;
        const { address } = await passwordReset.open(token);
        const problem = { code: error.code, fields: error.fields ?? [] };
        return showPage<400>({ ...resetPage(address, minLength), problem }, 400);
      }
      return showPage<200>({ words: 'pages.password_reset', data: { leadsToSignIn: true } });
    },
  }),

  route({
    id: 'createResetLink',
    method: 'POST',
    path: '/admin/users/{id}/reset-link',
    tag: USER_ADMINISTRATION,
    summary: 'Make a link with which a user chooses another password',
    description: 'It ends the link before. Give it to the user in a way that only they can read.',
    access: stepUp(permission('users:reset-password')),
    params: { schema: IdPath, unknown: 'user_not_found' },
    answers: { 201: { description: 'The link, shown this once', schema: ResetLinkAnswer } },
    refuses: ['user_disabled'],
    async handle({ params, caller }, { resetByAdmin }) {
      const link = await resetByAdmin.createLink(params.id, caller);
      return { status: 201 as const, body: presentResetLink(link) };
    },
  }),
];

/** Whether it repeats the account's own words is known once the account is read. */
function problemsOf(password: string | undefined, passwords: Core['passwords']): FieldError[] {
  const problem = password === undefined ? null : passwords.problemOf(password, [], '/new_password');
  return problem === null ? [] : [problem];
}
