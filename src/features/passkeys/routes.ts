import { RequestOptionsAnswer } from '../../core/passkeys/fields.ts';
import { presentPasskey, presentSignals } from '../../core/passkeys/view.ts';
import { withDeviceToken } from '../../core/sign-in/client.ts';
import { presentReauthentication } from '../../core/sign-in/reauthentication-view.ts';
import { anyone, SIGN_IN_ERRORS, session, stepUp } from '../../http/access.ts';
import { created, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { SIGNED_IN_ANSWER } from '../../http/sign-in.ts';
import type { Tag } from '../../http/tags.ts';
import type { PasskeyManagement } from './own-passkeys.ts';
import {
  CreationOptionsAnswer,
  PasskeyAnswer,
  PasskeyPath,
  PasskeysAnswer,
  RegisterBody,
  RegisteredAnswer,
  RelatedOrigins,
  RemovedAnswer,
  RenameBody,
  SignInBody,
  SignInOptionsBody,
} from './schemas.ts';
import type { PasskeySignIn } from './sign-in.ts';

const PASSKEYS: Tag = {
  name: 'Passkeys',
  description:
    'Signing in with what unlocks the device: a fingerprint, a face, a PIN or a security key (WebAuthn)',
};

const route = routesWith<{
  readonly passkeySignIn: PasskeySignIn;
  readonly passkeyManagement: PasskeyManagement;
  readonly rpId: string;
  readonly webOrigins: readonly string[];
}>();

const PASSKEY = { schema: PasskeyPath, unknown: 'passkey_not_found' } as const;

const CHALLENGE_ERRORS = ['invalid_challenge', 'challenge_expired', 'challenge_used'] as const;

export const passkeyRoutes = [
  route({
    id: 'getPasskeySignInOptions',
    method: 'POST',
    path: '/login/passkey/options',
    tag: PASSKEYS,
    summary: 'Get the options to sign in with a passkey',
    description:
      'For navigator.credentials.get(), also for autofill. They are good once and for five minutes. With `email` they name credentials, as many whether the address has an account or not. For a sign-in with the transport cookie, ask with it: the options are bound to the browser by a cookie.',
    access: anyone(),
    limit: 'session-ip',
    body: json(SignInOptionsBody),
    answers: {
      200: {
        description: 'The options',
        headers: { 'Set-Cookie': 'Where `transport` is cookie' },
        schema: RequestOptionsAnswer,
      },
    },
    refuses: ['cookie_not_settable', 'database_unavailable'],
    async handle({ body, nameBrowser }, { passkeySignIn }) {
      const browserId = body?.transport === 'cookie' ? nameBrowser() : null;
      const { challengeToken, publicKey } = await passkeySignIn.options(body?.email, browserId);
      return ok({ challenge_token: challengeToken, public_key: publicKey });
    },
  }),

  route({
    id: 'signInByPasskey',
    method: 'POST',
    path: '/login/passkey',
    tag: PASSKEYS,
    summary: 'Sign in with a passkey',
    description:
      'A passkey that has checked who its user is, by a fingerprint, a face or a PIN, counts as two factors. The refusal `passkey_unknown` has `rp_id` and `credential_id`, for PublicKeyCredential.signalUnknownCredential().',
    access: anyone(),
    limit: 'login-ip',
    body: json(SignInBody),
    answers: { 200: SIGNED_IN_ANSWER },
    refuses: [
      ...CHALLENGE_ERRORS,
      'invalid_passkey',
      'passkey_unknown',
      'passkey_copied',
      'account_disabled',
      'email_not_verified',
      'database_unavailable',
      ...SIGN_IN_ERRORS,
    ],
    async handle({ body, beginSignIn, browserId }, { passkeySignIn }) {
      const { challenge_token: challengeToken, credential, transport, device_token: deviceToken } = body;
      const { client, complete } = await beginSignIn(transport);
      const login = await passkeySignIn.signIn(
        { challengeToken, credential },
        transport === 'cookie' ? (browserId() ?? '') : null,
        withDeviceToken(client, deviceToken),
      );
      return ok(await complete(login));
    },
  }),

  route({
    id: 'getPasskeyRegistrationOptions',
    method: 'POST',
    path: '/passkeys/registration/options',
    tag: PASSKEYS,
    summary: 'Get the options to make a passkey with',
    description:
      'For navigator.credentials.create(). They are good once, for five minutes, and in this session.',
    access: stepUp(session({ forEnrolment: true })),
    answers: { 200: { description: 'The options', schema: CreationOptionsAnswer } },
    refuses: ['too_many_passkeys'],
    async handle({ caller }, { passkeyManagement }) {
      const { challengeToken, publicKey } = await passkeyManagement.options(caller);
      return ok({ challenge_token: challengeToken, public_key: publicKey });
    },
  }),

  route({
    id: 'registerPasskey',
    method: 'POST',
    path: '/passkeys/registration',
    tag: PASSKEYS,
    summary: 'Add a passkey',
    description: 'It signs in to the account from then on, and a password alone no longer does.',
    access: stepUp(session({ forEnrolment: true })),
    body: json(RegisterBody),
    answers: {
      201: { description: 'It is added', schema: RegisteredAnswer, headers: { Location: 'Its path' } },
    },
    refuses: [...CHALLENGE_ERRORS, 'invalid_passkey', 'passkey_taken', 'too_many_passkeys'],
    async handle({ body, caller, cookie }, { passkeyManagement, rpId }) {
      const { challenge_token: challengeToken, credential, name } = body;
      const { user, passkeys, passkey, recoveryCodes, raised } = await passkeyManagement.register(
        caller,
        { challengeToken, credential },
        name,
      );
      return created(`/me/passkeys/${passkey.id}`, {
        passkey: presentPasskey(passkey),
        signals: presentSignals(rpId, user, passkeys),
        recovery_codes: recoveryCodes && [...recoveryCodes],
        session: presentReauthentication(raised, cookie),
      });
    },
  }),

  route({
    id: 'listPasskeys',
    method: 'GET',
    path: '/me/passkeys',
    tag: PASSKEYS,
    summary: 'List your passkeys',
    description:
      '`signals` has what a page tells authenticators, so that they offer no others and no old name.',
    access: session({ forEnrolment: true }),
    answers: { 200: { description: 'The first one first', schema: PasskeysAnswer } },
    async handle({ caller }, { passkeyManagement, rpId }) {
      const { user, passkeys } = await passkeyManagement.list(caller);
      return ok({
        passkeys: passkeys.map(presentPasskey),
        signals: presentSignals(rpId, user, passkeys),
      });
    },
  }),

  route({
    id: 'renamePasskey',
    method: 'PATCH',
    path: '/me/passkeys/{id}',
    tag: PASSKEYS,
    summary: 'Rename a passkey',
    access: session(),
    params: PASSKEY,
    body: json(RenameBody),
    answers: { 200: { description: 'With its new name', schema: PasskeyAnswer } },
    async handle({ params, body, caller }, { passkeyManagement, rpId }) {
      const { user, passkeys, passkey } = await passkeyManagement.rename(caller, params.id, body.name);
      return ok({
        passkey: presentPasskey(passkey),
        signals: presentSignals(rpId, user, passkeys),
      });
    },
  }),

  route({
    id: 'removePasskey',
    method: 'DELETE',
    path: '/me/passkeys/{id}',
    tag: PASSKEYS,
    summary: 'Remove a passkey',
    description:
      'The last way to sign in stays. `signals` has those that are left, for authenticators to forget this one.',
    access: stepUp(session()),
    params: PASSKEY,
    answers: { 200: { description: 'It no longer signs in', schema: RemovedAnswer } },
    refuses: ['last_sign_in_method', 'last_factor'],
    async handle({ params, caller }, { passkeyManagement, rpId }) {
      const { user, passkeys } = await passkeyManagement.remove(caller, params.id);
      return ok({ signals: presentSignals(rpId, user, passkeys) });
    },
  }),

  route({
    id: 'getRelatedOrigins',
    method: 'GET',
    path: '/.well-known/webauthn',
    tag: PASSKEYS,
    summary: 'The origins whose pages may use the passkeys of this service',
    description: 'Browsers ask for it at WEBAUTHN_RP_ID, for pages of other domains (WebAuthn section 5.11).',
    access: anyone(),
    answers: { 200: { description: 'Related origins', schema: RelatedOrigins } },
    handle: (_input, { webOrigins }) => ok({ origins: webOrigins }),
  }),
];
