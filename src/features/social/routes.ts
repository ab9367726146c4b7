import { presentIdentity } from '../../core/identities/view.ts';
import { withDeviceToken } from '../../core/sign-in/client.ts';
import { anyone, SIGN_IN_ERRORS, session, stepUp } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json, pageForm } from '../../http/body.ts';
import { leadTo } from '../../http/page.ts';
import { routesWith } from '../../http/route.ts';
import { SIGNED_IN_ANSWER } from '../../http/sign-in.ts';
import type { Tag } from '../../http/tags.ts';
import type { Identities } from './identities.ts';
import { SOCIAL_ERRORS } from './pages.ts';
import {
  AuthorizationAnswer,
  BeginQuery,
  CallbackParameters,
  IdentitiesAnswer,
  IdentityAnswer,
  IdentityPath,
  IdTokenBody,
  LinkIdentityBody,
  ProviderPath,
  ProvidersAnswer,
  ProviderTokenAnswer,
  ProviderToLinkPath,
} from './schemas.ts';
import type { SocialSignIn } from './sign-in.ts';

const SOCIAL: Tag = {
  name: 'Sign-in by providers',
  description: 'Signing in with Google, Apple, Microsoft, GitHub, Facebook or any OpenID provider',
};

const route = routesWith<{ readonly socialSignIn: SocialSignIn; readonly identities: Identities }>();

const PROVIDER = { schema: ProviderPath, unknown: 'provider_not_found' } as const;
const IDENTITY = { schema: IdentityPath, unknown: 'identity_not_found' } as const;
/** The parameter is `id` too, since to OpenAPI and the table of routes this is the path of an identity. */
const PROVIDER_TO_LINK = { schema: ProviderToLinkPath, unknown: 'provider_not_found' } as const;

/** Why an identity may open no account. */
const OWNER_ERRORS = [
  'account_exists',
  'account_disabled',
  'signup_disabled',
  'email_required',
  'email_domain_not_allowed',
  'email_not_verified',
  'too_many_identities',
] as const;

const ID_TOKEN_ERRORS = ['invalid_id_token', 'id_token_used'] as const;
const PROVIDER_ERRORS = ['provider_unavailable', 'provider_error'] as const;

export const socialRoutes = [
  route({
    id: 'listProviders',
    method: 'GET',
    path: '/login/providers',
    tag: SOCIAL,
    summary: 'List the providers to sign in with',
    access: anyone(),
    answers: {
      200: {
        description: 'Those that are configured, in the order to show them in',
        schema: ProvidersAnswer,
      },
    },
    handle: (_input, { socialSignIn }) => ok({ providers: socialSignIn.list() }),
  }),

  route({
    id: 'signInByProvider',
    method: 'GET',
    path: '/login/{provider}',
    tag: SOCIAL,
    summary: 'Begin to sign in, or up, at a provider',
    description:
      'Lead the browser here. It comes back to `return_to` with a `code` for POST /login/exchange, with a cookie, or with `error`, which is one of the error codes.',
    access: anyone(),
    limit: 'login-ip',
    params: PROVIDER,
    query: BeginQuery,
    answers: {
      302: { description: 'To the provider', headers: { Location: 'Its sign-in page' } },
      303: {
        description: 'Back to the app, where the provider is away',
        headers: { Location: '`return_to`' },
      },
    },
    refuses: ['cookie_not_settable'],
    errors: SOCIAL_ERRORS,
    async handle({ params, query, keepPending }, { socialSignIn }) {
      const { return_to: returnTo, transport = 'token', challenge_id: challengeId } = query;
      const { prompt, login_hint: loginHint } = query;
      const request = { returnTo, transport, challengeId, prompt, loginHint };
      const Location = await socialSignIn.begin(params.provider, request, { keepPending });
      return { status: 302 as const, headers: { Location } };
    },
  }),

  route({
    id: 'returnFromProvider',
    method: 'GET',
    path: '/login/{provider}/callback',
    access: anyone(),
    limit: 'login-ip',
    params: PROVIDER,
    query: CallbackParameters,
    answers: { 303: 'Back to the app' },
    errors: SOCIAL_ERRORS,
    handle: ({ params, query, ...exchange }, { socialSignIn }) =>
      socialSignIn.complete(params.provider, query, exchange),
  }),

  route({
    id: 'returnFromProviderByForm',
    method: 'POST',
    path: '/login/{provider}/callback',
    access: anyone(),
    limit: 'login-ip',
    params: PROVIDER,
    body: pageForm(CallbackParameters),
    answers: { 303: 'The same by GET: cookies come along with that, and not with the form of another site' },
    errors: SOCIAL_ERRORS,
    handle: ({ params, body }, { socialSignIn }) => leadTo(socialSignIn.callbackWith(params.provider, body)),
  }),

  route({
    id: 'signInByIdToken',
    method: 'POST',
    path: '/login/{provider}/id-token',
    tag: SOCIAL,
    summary: 'Sign in, or up, with an ID token',
    description:
      'For apps that get an ID token by themselves, such as from the operating system of a phone. It has to be for a client id that is configured here, at most ten minutes old, and is good once.',
    access: anyone(),
    limit: 'login-ip',
    params: PROVIDER,
    body: json(IdTokenBody),
    answers: { 200: SIGNED_IN_ANSWER },
    refuses: [
      ...ID_TOKEN_ERRORS,
      ...OWNER_ERRORS,
      ...PROVIDER_ERRORS,
      'database_unavailable',
      ...SIGN_IN_ERRORS,
    ],
    async handle({ params, body, beginSignIn }, { socialSignIn }) {
      const { id_token: idToken, nonce, transport, device_token: deviceToken } = body;
      const { client, complete } = await beginSignIn(transport);
      const proof = { idToken, nonce };
      const login = await socialSignIn.signInByIdToken(
        params.provider,
        proof,
        withDeviceToken(client, deviceToken),
      );
      return ok(await complete(login));
    },
  }),

  route({
    id: 'listIdentities',
    method: 'GET',
    path: '/me/identities',
    tag: SOCIAL,
    summary: 'List the providers that you sign in with',
    access: session(),
    answers: { 200: { description: 'The first one first', schema: IdentitiesAnswer } },
    async handle({ caller }, { identities }) {
      const all = await identities.list(caller.principal.userId);
      return ok({ identities: all.map(presentIdentity) });
    },
  }),

  route({
    id: 'linkIdentity',
    method: 'POST',
    path: '/me/identities/{id}',
    tag: SOCIAL,
    summary: 'Add a provider to sign in with',
    description:
      'With `return_to` it sets a cookie and answers with the page to lead the browser to, which comes back with `linked` or `error`: call it with `credentials: "include"` from the site of this service. With `id_token` and `nonce` the provider is added at once.',
    access: stepUp(session()),
    limit: 'login-ip',
    params: PROVIDER_TO_LINK,
    body: json(LinkIdentityBody),
    answers: {
      200: { description: 'Where to lead the browser', schema: AuthorizationAnswer },
      201: { description: 'It is added', schema: IdentityAnswer, headers: { Location: 'Its path' } },
    },
    refuses: [
      'cookie_not_settable',
      'identity_taken',
      'too_many_identities',
      ...ID_TOKEN_ERRORS,
      ...PROVIDER_ERRORS,
    ],
    async handle({ params, body, caller, keepPending }, { socialSignIn }) {
      const { return_to: returnTo, id_token: idToken, nonce, prompt, login_hint: loginHint } = body;
      if (idToken !== undefined && nonce !== undefined) {
        const identity = await socialSignIn.linkByIdToken(caller, params.id, { idToken, nonce });
        return created(`/me/identities/${identity.id}`, { identity: presentIdentity(identity) });
      }
      const request = { returnTo: returnTo ?? '', transport: 'token', prompt, loginHint } as const;
      const url = await socialSignIn.beginLink(caller, params.id, request, { keepPending });
      return ok({ authorization_url: url });
    },
  }),

  route({
    id: 'removeIdentity',
    method: 'DELETE',
    path: '/me/identities/{id}',
    tag: SOCIAL,
    summary: 'Remove a provider',
    description: 'The last way to sign in stays.',
    access: stepUp(session()),
    params: IDENTITY,
    answers: { 204: 'It no longer signs in' },
    refuses: ['last_sign_in_method'],
    async handle({ params, caller }, { identities }) {
      await identities.remove(caller, params.id);
      return noContent();
    },
  }),

  route({
    id: 'getProviderToken',
    method: 'GET',
    path: '/me/identities/{id}/token',
    tag: SOCIAL,
    summary: 'Get an access token of a provider',
    description:
      'To call the provider on behalf of the user. It is renewed when it is about to expire. Needs STORE_PROVIDER_TOKENS=true.',
    access: session(),
    limit: 'session-ip',
    params: IDENTITY,
    answers: { 200: { description: 'A token that is good for a while', schema: ProviderTokenAnswer } },
    refuses: ['provider_token_missing', 'provider_access_ended', ...PROVIDER_ERRORS],
    async handle({ params, caller }, { identities }) {
      const { accessToken, expiresAt, scope } = await identities.tokenOf(caller.principal.userId, params.id);
      return ok({ access_token: accessToken, expires_at: expiresAt?.toISOString() ?? null, scope });
    },
  }),
];
