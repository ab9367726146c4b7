import type { JWTPayload } from 'jose';
import type { ServerMetadata, TokenEndpointResponse } from 'openid-client';
import { AppError } from '../core/errors.ts';
import type {
  AuthorizationChecks,
  AuthorizationRequest,
  AuthorizationResponse,
  IdentityProvider,
  ProvidedIdentity,
  ProviderTokens,
} from '../core/identities/provider.ts';
import { type Claims, isTrue, type OpenIdSettings, type ProviderTools, textOf } from './definition.ts';
import { createDiscovery } from './discovery.ts';
import { atProvider, oneLine } from './errors.ts';
import type { BoundedFetch } from './fetch.ts';
import { authorizationParameters, configure, responseUrl, tokensOf } from './grant.ts';
import { checkIdToken, requireFresh, requireNonce } from './id-token.ts';
import { identityOf } from './identity.ts';
import { refreshTokens } from './refresh.ts';

/** A client of a provider that speaks OpenID Connect. Its discovery document is read when it is first needed. */
export function createOpenIdProvider(settings: OpenIdSettings, tools: ProviderTools): IdentityProvider {
  const { id, name, clientSecret } = settings;
  const { clock, fetch, isOffline } = tools;
  const discover = createDiscovery(settings, tools);
  const now = () => new Date(clock.now());

  const ownSecrets = typeof clientSecret === 'string' ? [clientSecret] : [];
  const secret = async () => (typeof clientSecret === 'function' ? clientSecret(now()) : clientSecret);

  function authorize(request: AuthorizationRequest): Promise<string> {
    return atProvider(async () => {
      const { server } = await discover();
      const { client, configuration } = await configure({ settings, server, clientSecret: undefined, fetch });
      const parameters = await authorizationParameters(request, settings, isOffline);
      return client.buildAuthorizationUrl(configuration, { ...parameters, nonce: request.nonce }).href;
    });
  }

  function complete(response: AuthorizationResponse, checks: AuthorizationChecks) {
    return atProvider(async () => {
      const { server, keys } = await discover();
      const { answer, idToken } = await exchange(server, response, checks);
      const rules = { settings, clientIds: [settings.clientId], keys, at: now() };
      const claims = await checkIdToken(idToken, rules);
      if (claims.nonce !== checks.nonce) throw new Error('the nonce of the ID token is another');
      const profile = await profileOf(server, claims, answer);
      const identity = toIdentity(claims, profile, settings.nameIn?.(response));
      return { identity, tokens: tokensOf(answer, now()) };
    }, [response.code, checks.codeVerifier, ...ownSecrets]);
  }

  /** Exchanges the code, once openid-client has checked `state` and `iss` (RFC 9207). */
  async function exchange(
    server: ServerMetadata,
    response: AuthorizationResponse,
    { state, codeVerifier, redirectUri }: AuthorizationChecks,
  ) {
    let idToken: unknown;
    const { client, configuration } = await configure({
      settings,
      server,
      clientSecret: await secret(),
      fetch: withoutIdToken(fetch, (taken) => {
        idToken = taken;
      }),
    });
    const url = responseUrl(redirectUri, response);
    const checks = { pkceCodeVerifier: codeVerifier, expectedState: state };
    const answer = await client.authorizationCodeGrant(configuration, url, checks);
    if (typeof idToken !== 'string') throw new Error('the token endpoint has given no ID token');
    return { answer, idToken };
  }

  /** The claims that have the address: those of the userinfo endpoint where the ID token has none, and there is such an endpoint. */
  async function profileOf(
    server: ServerMetadata,
    claims: JWTPayload,
    { access_token: accessToken }: TokenEndpointResponse,
  ): Promise<Claims> {
    if (claims.email !== undefined || server.userinfo_endpoint === undefined) return claims;
    const { client, configuration } = await configure({ settings, server, clientSecret: undefined, fetch });
    return client.fetchUserInfo(configuration, accessToken, claims.sub ?? '');
  }

  async function readIdToken(idToken: string, nonce: string): Promise<ProvidedIdentity> {
    const { keys } = await atProvider(discover);
    const at = now();
    const clientIds = [settings.clientId, ...settings.nativeClientIds];
    try {
      const claims = await checkIdToken(idToken, { settings, clientIds, keys, at });
      requireFresh(claims, at);
      requireNonce(claims, nonce);
      return toIdentity(claims, claims);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const message = `an ID token was refused: ${oneLine((cause as Error).message)}`;
      throw new AppError('invalid_id_token', undefined, {
        cause,
        event: { event: 'id_token_refused', provider: id, message },
      });
    }
  }

  function refresh(tokens: ProviderTokens & { readonly refreshToken: string }): Promise<ProviderTokens> {
    return atProvider(async () => {
      const { server } = await discover();
      const options = { settings, server, clientSecret: await secret(), fetch: withoutIdToken(fetch) };
      return refreshTokens(options, tokens, now());
    }, [tokens.refreshToken, ...ownSecrets]);
  }

  /** What is said of an address counts only beside that address. */
  function toIdentity(claims: Claims, profile: Claims, nameBeside?: string): ProvidedIdentity {
    const { sub, iss, name: named, auth_time: authTime } = claims;
    const { email, email_verified: isVerified } = profile;
    const isEmailVerified = settings.isEmailVerified?.(profile) ?? isTrue(isVerified);
    return identityOf(
      {
        subject: String(sub),
        email: textOf(email),
        isEmailVerified,
        name: textOf(named) ?? textOf(profile.name) ?? textOf(nameBeside),
        authenticatedAt: dateOf(authTime, now()),
      },
      { provider: id, issuer: String(iss) },
    );
  }

  return { id, name, authorize, complete, readIdToken, refresh };
}

/**
 * Takes the ID token out of the answers of a token endpoint: `checkIdToken` checks it, like those that apps bring. That of a
 * refresh is of no use.
 */
function withoutIdToken(fetch: BoundedFetch, onTaken: (idToken: unknown) => void = () => {}): BoundedFetch {
  return async (url, options) => {
    const received = await fetch(url, options);
    if (received.status !== 200) return received;
    const { id_token: taken, ...rest } = Object(await received.json());
    onTaken(taken);
    return Response.json(rest);
  };
}

/** The time in a claim, which is not after `latest`; null where it is none. */
function dateOf(seconds: unknown, latest: Date): Date | null {
  if (typeof seconds !== 'number' || seconds < 0) return null;
  return new Date(Math.min(seconds * 1000, latest.getTime()));
}
