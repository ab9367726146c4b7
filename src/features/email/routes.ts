import type { Challenge } from '../../core/codes/challenge.ts';
import { CODE_ERRORS, LINK_ERRORS } from '../../core/codes/errors.ts';
import { presentSent, SentAnswer } from '../../core/codes/fields.ts';
import type { Page } from '../../core/pages.ts';
import { anyone, ownPage, session, stepUp } from '../../http/access.ts';
import { noContent } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { BUTTON_FORM, linkPage } from '../../http/link-page.ts';
import { showPage } from '../../http/page.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS, CODES_AND_LINKS } from '../../http/tags.ts';
import type { Email } from './email.ts';
import { EmailBody, UndoBody, VerifyBody } from './schemas.ts';

const route = routesWith<{ readonly email: Email }>();

const VERIFY_PAGE = linkPage('verify_link', 'invalid_link');
const UNDO_PAGE = linkPage('undo_link', 'invalid_link');

type Proof = Pick<Challenge, 'address' | 'purpose'>;

/** It asks, since confirming an address that a stranger signed up with gives that stranger an account in one's name. */
function verifyPage({ address, purpose }: Proof): Page {
  return {
    words: purpose === 'email_change' ? 'pages.change_address' : 'pages.verify_address',
    values: { address: address ?? '' },
    leadsTo: [],
  };
}

function verifiedPage({ address, purpose }: Proof): Page {
  return {
    words: purpose === 'email_change' ? 'pages.address_changed' : 'pages.address_verified',
    values: { address: address ?? '' },
    data: { leadsToSignIn: purpose !== 'email_change' },
  };
}

export const emailRoutes = [
  route({
    id: 'verifyEmail',
    method: 'POST',
    path: '/email/verify',
    tag: CODES_AND_LINKS,
    summary: 'Prove that an email address is yours',
    description:
      'With the code or the link of the message that a sign-up or POST /me/email has sent. It does not sign in.',
    access: anyone(),
    limit: 'login-ip',
    body: json(VerifyBody),
    answers: { 204: 'The address is verified' },
    refuses: [...CODE_ERRORS, 'invalid_link', 'email_taken', 'database_unavailable'],
    async handle({ body: { challenge_id: id = '', code = '', token }, origin }, { email }) {
      const challenge = await (token === undefined ? email.check({ id, code }, origin) : email.open(token));
      await email.verify(challenge, origin);
      return noContent();
    },
  }),

  route({
    id: 'resendEmailVerification',
    method: 'POST',
    path: '/email/verify/resend',
    tag: CODES_AND_LINKS,
    summary: 'Get another code and link for your email address',
    description: 'They take the place of those before.',
    access: anyone(),
    limit: 'send-ip',
    body: json(EmailBody),
    answers: { 202: { description: 'The same whether or not anything was sent', schema: SentAnswer } },
    refuses: ['channel_not_configured', 'rate_limited', 'database_unavailable'],
    async handle({ body, origin, count }, { email }) {
      return presentSent(await email.resend(body.email, origin, count));
    },
  }),

  route({
    id: 'verifyEmailPage',
    method: 'GET',
    path: '/email/verify/{token}',
    access: anyone(),
    ...VERIFY_PAGE,
    async handle({ params }, { email }) {
      return showPage(verifyPage(await email.open(params.token)));
    },
  }),

  route({
    id: 'verifyEmailByLink',
    method: 'POST',
    path: '/email/verify/{token}',
    access: ownPage(),
    body: BUTTON_FORM,
    ...VERIFY_PAGE,
    async handle({ params, origin }, { email }) {
      const challenge = await email.open(params.token);
      await email.verify(challenge, origin);
      return showPage(verifiedPage(challenge));
    },
  }),

  route({
    id: 'changeEmail',
    method: 'POST',
    path: '/me/email',
    tag: ACCOUNTS,
    summary: 'Change your email address',
    description:
      'It is changed once POST /email/verify proves the new one. The old one gets a message, with a link that undoes the change for 7 days where it was verified.',
    access: stepUp(session()),
    limit: 'send-ip',
    body: json(EmailBody),
    answers: { 202: { description: 'A code and a link are on their way', schema: SentAnswer } },
    refuses: ['channel_not_configured'],
    async handle({ body, caller, count }, { email }) {
      return presentSent(await email.requestChange(caller, body.email, count));
    },
  }),

  route({
    id: 'undoEmailChange',
    method: 'POST',
    path: '/email/undo',
    tag: CODES_AND_LINKS,
    summary: 'Undo a change of your email address',
    description:
      'With the token of the link that the old address got. It also ends all sessions, API keys, the phone number and the password: choose another by POST /password/forgot.',
    access: anyone(),
    limit: 'login-ip',
    body: json(UndoBody),
    answers: { 204: 'The account has its former address' },
    refuses: [...LINK_ERRORS, 'email_taken', 'database_unavailable'],
    async handle({ body, origin }, { email }) {
      const { challenge } = await email.openUndo(body.token);
      await email.undo(challenge, origin);
      return noContent();
    },
  }),

  route({
    id: 'undoEmailChangePage',
    method: 'GET',
    path: '/email/undo/{token}',
    access: anyone(),
    ...UNDO_PAGE,
    async handle({ params }, { email }) {
      const { email: address } = await email.openUndo(params.token);
      return showPage({ words: 'pages.undo_change', values: { address }, leadsTo: [] });
    },
  }),

  route({
    id: 'undoEmailChangeByLink',
    method: 'POST',
    path: '/email/undo/{token}',
    access: ownPage(),
    body: BUTTON_FORM,
    ...UNDO_PAGE,
    async handle({ params, origin }, { email }) {
      const { challenge, email: address } = await email.openUndo(params.token);
      await email.undo(challenge, origin);
      return showPage({ words: 'pages.change_undone', values: { address }, data: { leadsToSignIn: true } });
    },
  }),
];
