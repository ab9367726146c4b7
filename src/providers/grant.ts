import type * as OpenIdClient from 'openid-client';
import type {
  AuthorizationRequest,
  AuthorizationResponse,
  ProviderTokens,
} from '../core/identities/provider.ts';
import type { ProviderSettings } from './definition.ts';
import type { BoundedFetch } from './fetch.ts';

type Client = typeof OpenIdClient;

export interface ClientOptions {
  readonly settings: Pick<ProviderSettings, 'clientId' | 'issuer'>;
  readonly clientSecret: string | undefined;
  readonly server: OpenIdClient.ServerMetadata;
  readonly fetch: BoundedFetch;
}

/** A hundred years. */
const MAX_TOKEN_SECONDS = 3_155_760_000;

/** Loaded when first needed: a service without social login starts sooner. */
export const loadClient = (): Promise<Client> => import('openid-client');

/** The client of openid-client for one provider. */
export async function configure({ settings, clientSecret, server, fetch }: ClientOptions) {
  const client = await loadClient();
  const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server;
  // Where a provider does not say, it is Basic (OpenID Connect Discovery section 3).
  const authentication =
    clientSecret === undefined
      ? client.None()
      : methods.includes('client_secret_post')
        ? client.ClientSecretPost(clientSecret)
        : client.ClientSecretBasic(clientSecret);
  const configuration = new client.Configuration(server, settings.clientId, {}, authentication);
  configuration[client.customFetch] = asCustom(fetch);
  if (isWithoutTls(settings.issuer)) client.allowInsecureRequests(configuration);
  return { client, configuration };
}

/** Outside production a provider needs no TLS; one whose issuer has it must have it everywhere. */
export const isWithoutTls = (issuer: string) => issuer.startsWith('http:');

/** The same fetch, as the type of openid-client. */
export const asCustom =
  (fetch: BoundedFetch): OpenIdClient.CustomFetch =>
  (url, options) =>
    fetch(url, options as RequestInit);

/** The parameters of an authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3). */
export async function authorizationParameters(
  { state, codeVerifier, redirectUri, prompt, loginHint }: AuthorizationRequest,
  { scopes, parameters, offline }: ProviderSettings,
  isOffline: boolean,
): Promise<Record<string, string>> {
  const { calculatePKCECodeChallenge } = await loadClient();
  const extra = isOffline ? offline : undefined;
  const prompts = [prompt, extra?.parameters?.prompt].filter((one) => one !== undefined);
  return {
    redirect_uri: redirectUri,
    scope: [...scopes, ...(extra?.scope === undefined ? [] : [extra.scope])].join(' '),
    state,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...parameters,
    ...extra?.parameters,
    ...(prompts.length > 0 && { prompt: [...new Set(prompts)].join(' ') }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
  };
}

/** The URL with which a provider has led back. */
export function responseUrl(redirectUri: string, response: AuthorizationResponse): URL {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(response)) url.searchParams.set(name, value);
  return url;
}

/** The tokens in an answer of the token endpoint; after a refresh, what it leaves out is that of the `former` ones. */
export function tokensOf(
  answer: OpenIdClient.TokenEndpointResponse,
  at: Date,
  former?: ProviderTokens,
): ProviderTokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds, scope } = answer;
  return {
    accessToken,
    // A provider that does not rotate refresh tokens sends none (RFC 6749 section 6), nor a scope that is the same.
    refreshToken: refreshToken ?? former?.refreshToken ?? null,
    expiresAt: seconds === undefined ? null : endOf(Number(seconds), at),
    scope: scope ?? former?.scope ?? null,
  };
}

/** When a token ends that is good for some seconds; null where that is as good as never, and may be no date any more. */
function endOf(seconds: number, at: Date): Date | null {
  return seconds > MAX_TOKEN_SECONDS ? null : new Date(at.getTime() + seconds * 1000);
}
