import type { ServerMetadata } from 'openid-client';
import type {
  AuthorizationChecks,
  AuthorizationRequest,
  AuthorizationResponse,
  IdentityProvider,
  ProviderTokens,
} from '../core/identities/provider.ts';
import { type OAuthSettings, type ProviderTools, textOf } from './definition.ts';
import { atProvider } from './errors.ts';
import { type BoundedFetch, messageIn, requireOk } from './fetch.ts';
import { authorizationParameters, configure, responseUrl, tokensOf } from './grant.ts';
import { identityOf } from './identity.ts';
import { refreshTokens } from './refresh.ts';

/** GitHub refuses requests without one. */
const USER_AGENT = 'Latchkey';

/** A client of a provider that speaks OAuth 2.0, and says who a person is by an API of its own. */
export function createOAuthProvider(
  settings: OAuthSettings,
  { clock, fetch, isOffline }: ProviderTools,
): IdentityProvider {
  const { id, name, issuer, clientSecret, authorizationEndpoint, tokenEndpoint, readProfile } = settings;
  const server: ServerMetadata = {
    issuer,
    authorization_endpoint: authorizationEndpoint,
    token_endpoint: tokenEndpoint,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  };
  const options = { settings, server, clientSecret, fetch: withOAuthErrors(fetch) };
  const now = () => new Date(clock.now());

  function authorize(request: AuthorizationRequest): Promise<string> {
    return atProvider(async () => {
      const { client, configuration } = await configure(options);
      const parameters = await authorizationParameters(request, settings, isOffline);
      return client.buildAuthorizationUrl(configuration, parameters).href;
    });
  }

  function complete(
    response: AuthorizationResponse,
    { state, codeVerifier, redirectUri }: AuthorizationChecks,
  ) {
    return atProvider(async () => {
      const { client, configuration } = await configure(options);
      const url = responseUrl(redirectUri, response);
      const checks = { pkceCodeVerifier: codeVerifier, expectedState: state };
      const answer = await client.authorizationCodeGrant(configuration, url, checks);
      const profile = await readProfile(getAs(answer.access_token, fetch), answer.access_token);
      return { identity: identityOf(profile, { provider: id, issuer }), tokens: tokensOf(answer, now()) };
    }, [response.code, codeVerifier, clientSecret]);
  }

  function refresh(tokens: ProviderTokens & { readonly refreshToken: string }): Promise<ProviderTokens> {
    const secrets = [tokens.refreshToken, clientSecret];
    return atProvider(() => refreshTokens(options, tokens, now()), secrets);
  }

  return { id, name, authorize, complete, refresh };
}

/** Makes errors of OAuth, which openid-client reads, of those that GitHub answers with 200 and Facebook in its own form. */
function withOAuthErrors(fetch: BoundedFetch): BoundedFetch {
  return async (url, options) => {
    const response = await fetch(url, options);
    const { error, ...answer } = Object(
      await response
        .clone()
        .json()
        .catch(() => null),
    );
    if (error === undefined) return response;
    const known = typeof error === 'string' ? { error, ...answer } : asOAuthError(error);
    return Response.json(known, { status: response.status === 200 ? 400 : response.status });
  };
}

function asOAuthError(error: unknown) {
  const { type } = Object(error);
  return { error: textOf(type) ?? 'invalid_request', error_description: messageIn({ error }) };
}

function getAs(accessToken: string, fetch: BoundedFetch) {
  return async (url: string): Promise<unknown> => {
    const headers = {
      Authorization: `Bearer ${accessToken}`,
      Accept: 'application/json',
      'User-Agent': USER_AGENT,
    };
    const response = await requireOk(await fetch(url, { headers }), url);
    return response.json();
  };
}
