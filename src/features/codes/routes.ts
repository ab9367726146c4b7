import type { Codes } from '../../core/codes/codes.ts';
import { CODE_ERRORS, LINK_ERRORS } from '../../core/codes/errors.ts';
import { presentSent, SentAnswer } from '../../core/codes/fields.ts';
import { anonymousCaller } from '../../core/principal.ts';
import { withDeviceToken } from '../../core/sign-in/client.ts';
import { anyone, COOKIE_SIGN_IN_ERRORS, ownPage, SIGN_IN_ERRORS } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { BUTTON_FORM, linkPage, PAGE_ANSWER } from '../../http/link-page.ts';
import { routesWith } from '../../http/route.ts';
import { SIGNED_IN_ANSWER } from '../../http/sign-in.ts';
import { CODES_AND_LINKS } from '../../http/tags.ts';
import type { LinkPages } from './link-pages.ts';
import type { CodeRequests } from './request.ts';
import { CodeBody, CodeSignInBody, ExchangeBody, LinkBody } from './schemas.ts';
import type { CodeSignIn } from './sign-in.ts';

interface Services {
  readonly codes: Codes;
  readonly codeRequests: CodeRequests;
  readonly codeSignIn: CodeSignIn;
  readonly linkPages: LinkPages;
}

const route = routesWith<Services>();

const SENT = {
  202: { description: 'The same whether or not there is an account', schema: SentAnswer },
} as const;

const LINK_PAGE = linkPage('sign_in_link', 'invalid_link');

export const codeRoutes = [
  route({
    id: 'sendCode',
    method: 'POST',
    path: '/otp',
    tag: CODES_AND_LINKS,
    summary: 'Get a code by SMS or mail, to sign in or up',
    description: 'Send `phone` or `email`. A new code takes the place of the one before.',
    access: anyone(),
    limit: 'send-ip',
    body: json(CodeBody),
    answers: SENT,
    refuses: ['channel_not_configured', 'rate_limited', 'database_unavailable'],
    async handle({ body: { email, phone }, origin, count }, { codeRequests }) {
      return presentSent(
        email === undefined
          ? await codeRequests.sendPhoneCode(phone ?? '', origin, count)
          : await codeRequests.sendEmailCode(email, origin, count),
      );
    },
  }),

  route({
    id: 'signInByCode',
    method: 'POST',
    path: '/otp/verify',
    tag: CODES_AND_LINKS,
    summary: 'Sign in or up with a code',
    description: 'Where there is no account with this number or address yet, this makes it (OTP_SIGNUP).',
    access: anyone(),
    limit: 'login-ip',
    body: json(CodeSignInBody),
    answers: { 200: SIGNED_IN_ANSWER },
    refuses: [...CODE_ERRORS, 'database_unavailable', ...SIGN_IN_ERRORS],
    async handle({ body, origin, beginSignIn }, { codes, codeSignIn }) {
      const { challenge_id: id, code, transport, device_token: deviceToken } = body;
      const { client, complete } = await beginSignIn(transport);
      const challenge = await codes.check(
        { id, code },
        ['sign_in_code', 'sign_in_link'],
        anonymousCaller(origin),
      );
      const login = await codeSignIn.signIn(challenge, withDeviceToken(client, deviceToken));
      return ok(await complete(login));
    },
  }),

  route({
    id: 'sendLink',
    method: 'POST',
    path: '/login/link',
    tag: CODES_AND_LINKS,
    summary: 'Get a link by mail, to sign in or up',
    description:
      'The link opens a page with one button, which leads back to `return_to` with a `code` for POST /login/exchange, or with a cookie. In another browser than the one that asked it shows a code to type, for POST /otp/verify.',
    access: anyone(),
    limit: 'send-ip',
    body: json(LinkBody),
    answers: SENT,
    refuses: ['channel_not_configured', 'rate_limited', 'database_unavailable', ...COOKIE_SIGN_IN_ERRORS],
    async handle({ body, origin, count, beginSignIn, rememberLink }, { codeRequests }) {
      const { email, return_to: returnTo = null, transport = 'token' } = body;
      // What the link could not do in the end is refused now.
      await beginSignIn(transport);
      const sent = await codeRequests.sendLink(email, { returnTo, transport }, origin, count);
      rememberLink(sent.id, sent.expiresInSeconds);
      return presentSent(sent);
    },
  }),

  route({
    id: 'signInByLinkPage',
    method: 'GET',
    path: '/login/link/{token}',
    access: anyone(),
    ...LINK_PAGE,
    handle: ({ params, ...client }, { linkPages }) => linkPages.show(params.token, client),
  }),

  route({
    id: 'signInByLink',
    method: 'POST',
    path: '/login/link/{token}',
    access: ownPage(),
    body: BUTTON_FORM,
    ...LINK_PAGE,
    answers: { 200: PAGE_ANSWER, 303: 'Back to the app' },
    handle: ({ params, ...client }, { linkPages }) => linkPages.press(params.token, client),
  }),

  route({
    id: 'exchangeCode',
    method: 'POST',
    path: '/login/exchange',
    tag: CODES_AND_LINKS,
    summary: 'Change the code that a sign-in has led back with for a session',
    description: 'It is good once, and for a minute.',
    access: anyone(),
    limit: 'login-ip',
    body: json(ExchangeBody),
    answers: { 200: SIGNED_IN_ANSWER },
    refuses: [...LINK_ERRORS, 'invalid_code', 'database_unavailable', ...SIGN_IN_ERRORS],
    async handle({ body, beginSignIn }, { codeSignIn }) {
      const { code, challenge_id: challengeId, transport, device_token: deviceToken } = body;
      const { client, complete } = await beginSignIn(transport);
      const login = await codeSignIn.exchange(code, withDeviceToken(client, deviceToken), challengeId);
      return ok(await complete(login));
    },
  }),
];
