import { presentTotp } from '../../core/factors/view.ts';
import { withDeviceToken } from '../../core/sign-in/client.ts';
import { presentReauthentication } from '../../core/sign-in/reauthentication-view.ts';
import { IdPath } from '../../core/values/fields.ts';
import { anyone, COOKIE_SIGN_IN_ERRORS, session, stepUp, user } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { SIGNED_IN_ANSWER } from '../../http/sign-in.ts';
import type { Tag } from '../../http/tags.ts';
import type { FactorLogin } from './factor-login.ts';
import type { Factors } from './factors.ts';
import {
  ConfirmAnswer,
  ConfirmBody,
  EnrolmentAnswer,
  FactorCodeAnswer,
  FactorCodeBody,
  FactorLoginBody,
  FactorOptionsAnswer,
  FactorOptionsBody,
  FactorsAnswer,
  presentEnrolment,
  presentFactors,
  RecoveryCodesAnswer,
  RenameBody,
  TotpAnswer,
  TotpBody,
} from './schemas.ts';

const route = routesWith<{
  readonly factors: Factors;
  readonly factorLogin: FactorLogin;
}>();

const FACTORS: Tag = {
  name: 'Second factors',
  description: 'What a sign-in asks for after the first factor: authenticator apps, recovery codes, codes',
};

const CHALLENGE_ERRORS = ['invalid_challenge', 'challenge_expired', 'challenge_used'] as const;

const onFactor = { schema: IdPath, unknown: 'factor_not_found' } as const;

export const factorRoutes = [
  route({
    id: 'logInByFactor',
    method: 'POST',
    path: '/login/factor',
    tag: FACTORS,
    summary: 'Complete a sign-in with a second factor',
    description:
      'After any way to sign in has answered `second_factor_required`. It answers what that would have answered without a second factor.',
    access: anyone(),
    limit: 'login-ip',
    body: json(FactorLoginBody),
    answers: { 200: SIGNED_IN_ANSWER },
    refuses: [
      ...CHALLENGE_ERRORS,
      'invalid_factor',
      'factor_not_allowed',
      'invalid_code',
      'code_used',
      'code_expired',
      'code_replaced',
      'too_many_tries',
      'invalid_passkey',
      'passkey_unknown',
      'passkey_copied',
      'database_unavailable',
      ...COOKIE_SIGN_IN_ERRORS,
    ],
    async handle({ body, beginSignIn }, { factorLogin }) {
      const pending = await factorLogin.open(body.challenge_token);
      const { client, complete } = await beginSignIn(pending.first.transport);
      const { method, code = '', credential } = body;
      const { remember_device: rememberDevice = false, device_token: deviceToken } = body;
      const { quota, ...login } = await factorLogin.complete(
        pending,
        { method, code, credential, rememberDevice },
        withDeviceToken(client, deviceToken),
      );
      return ok(await complete(login), { quota });
    },
  }),

  route({
    id: 'sendFactorCode',
    method: 'POST',
    path: '/login/factor/code',
    tag: FACTORS,
    summary: 'Send a code that serves as the second factor',
    description: 'Where `methods` has email_code or phone_code (MFA_METHODS).',
    access: anyone(),
    limit: 'send-ip',
    body: json(FactorCodeBody),
    answers: { 202: { description: 'It is on its way', schema: FactorCodeAnswer } },
    refuses: [...CHALLENGE_ERRORS, 'factor_not_allowed', 'channel_not_configured', 'database_unavailable'],
    async handle({ body, origin, count }, { factorLogin }) {
      const pending = await factorLogin.open(body.challenge_token);
      const seconds = await factorLogin.sendCode(pending, body.method, origin, count);
      return { status: 202 as const, body: { expires_in: seconds } };
    },
  }),

  route({
    id: 'getFactorOptions',
    method: 'POST',
    path: '/login/factor/options',
    tag: FACTORS,
    summary: 'Get the options to use a passkey as the second factor',
    description: 'For navigator.credentials.get(), where `methods` has passkey.',
    access: anyone(),
    limit: 'login-ip',
    body: json(FactorOptionsBody),
    answers: { 200: { description: 'The options', schema: FactorOptionsAnswer } },
    refuses: [...CHALLENGE_ERRORS, 'factor_not_allowed', 'database_unavailable'],
    async handle({ body }, { factorLogin }) {
      const pending = await factorLogin.open(body.challenge_token);
      return ok({ public_key: await factorLogin.passkeyOptions(pending) });
    },
  }),

  route({
    id: 'listFactors',
    method: 'GET',
    path: '/me/factors',
    tag: FACTORS,
    summary: 'List your second factors',
    access: user({ forEnrolment: true }),
    answers: { 200: { description: 'Those that are set up', schema: FactorsAnswer } },
    async handle({ caller }, { factors }) {
      return ok(presentFactors(await factors.overview(caller.principal.userId)));
    },
  }),

  route({
    id: 'beginTotp',
    method: 'POST',
    path: '/me/factors/totp',
    tag: FACTORS,
    summary: 'Start setting up an authenticator app',
    description:
      'It becomes a second factor once POST /me/factors/totp/{id}/confirm has had its first code, within ten minutes.',
    access: stepUp(session({ forEnrolment: true })),
    body: json(TotpBody),
    answers: {
      201: { description: 'What the app needs', schema: EnrolmentAnswer, headers: { Location: 'Its path' } },
    },
    refuses: ['factor_not_allowed', 'too_many_factors'],
    async handle({ body, caller }, { factors }) {
      const enrolment = await factors.begin(caller, body?.name ?? null);
      return created(`/me/factors/totp/${enrolment.id}`, presentEnrolment(enrolment));
    },
  }),

  route({
    id: 'confirmTotp',
    method: 'POST',
    path: '/me/factors/totp/{id}/confirm',
    tag: FACTORS,
    summary: 'Finish setting up an authenticator app, with its first code',
    access: stepUp(session({ forEnrolment: true })),
    params: onFactor,
    body: json(ConfirmBody),
    answers: { 200: { description: 'From now on it is asked for', schema: ConfirmAnswer } },
    refuses: ['invalid_factor'],
    async handle({ params, body, caller, cookie }, { factors }) {
      const { factor, recoveryCodes, raised } = await factors.confirm(caller, params.id, body.code);
      return ok({
        factor: presentTotp(factor),
        recovery_codes: recoveryCodes && [...recoveryCodes],
        session: presentReauthentication(raised, cookie),
      });
    },
  }),

  route({
    id: 'renameTotp',
    method: 'PATCH',
    path: '/me/factors/totp/{id}',
    tag: FACTORS,
    summary: 'Rename an authenticator app',
    access: session(),
    params: onFactor,
    body: json(RenameBody),
    answers: { 200: { description: 'As it is now', schema: TotpAnswer } },
    async handle({ params, body, caller }, { factors }) {
      return ok({ factor: presentTotp(await factors.rename(caller, params.id, body.name)) });
    },
  }),

  route({
    id: 'removeTotp',
    method: 'DELETE',
    path: '/me/factors/totp/{id}',
    tag: FACTORS,
    summary: 'Remove an authenticator app',
    access: stepUp(session()),
    params: onFactor,
    answers: { 204: 'It is no longer asked for' },
    refuses: ['last_factor'],
    async handle({ params, caller }, { factors }) {
      await factors.remove(caller, params.id);
      return noContent();
    },
  }),

  route({
    id: 'renewRecoveryCodes',
    method: 'POST',
    path: '/me/recovery-codes',
    tag: FACTORS,
    summary: 'Make new recovery codes',
    description: 'The previous ones stop working.',
    access: stepUp(session()),
    answers: { 201: { description: 'The codes', schema: RecoveryCodesAnswer } },
    refuses: ['factor_not_found'],
    async handle({ caller }, { factors }) {
      return {
        status: 201 as const,
        body: { recovery_codes: [...(await factors.renewRecoveryCodes(caller))] },
      };
    },
  }),

  route({
    id: 'forgetDevice',
    method: 'DELETE',
    path: '/me/remembered-devices/{id}',
    tag: FACTORS,
    summary: 'Ask a device for a second factor again',
    description: 'GET /sessions lists them.',
    access: session(),
    params: { schema: IdPath, unknown: 'device_not_found' },
    answers: { 204: 'It is asked again' },
    async handle({ params, caller }, { factors }) {
      await factors.forgetDevice(caller, params.id);
      return noContent();
    },
  }),
];
