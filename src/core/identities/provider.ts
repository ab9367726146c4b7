import type { Identifier } from '../users/identifiers.ts';

/** What a provider says about a person who has signed in there. */
export interface ProvidedProfile {
  /** Identifies the person for good, within the issuer. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider says that the address is theirs. */
  readonly isEmailVerified: boolean;
  readonly name: string | null;
  /** When they signed in there, where the provider says so. */
  readonly authenticatedAt: Date | null;
}

/** A person, proved by a provider. */
export interface ProvidedIdentity extends Omit<ProvidedProfile, 'email'> {
  /** The id of the provider, as in URLs. */
  readonly provider: string;
  readonly issuer: string;
  /** Null where there is none, or none that an account could have. */
  readonly email: Identifier | null;
}

/** What gives access to an account at a provider. */
export interface ProviderTokens {
  readonly accessToken: string;
  /** Null where the provider gave none. */
  readonly refreshToken: string | null;
  /** Null where the provider does not say. */
  readonly expiresAt: Date | null;
  /** As the provider writes it: GitHub separates by commas. Null where it does not say. */
  readonly scope: string | null;
}

/** What the response of a provider is checked against; the secrets of one sign-in. */
export interface AuthorizationChecks {
  readonly state: string;
  readonly nonce: string;
  /** For PKCE (RFC 7636). */
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

export interface AuthorizationRequest extends AuthorizationChecks {
  /** As OpenID Connect defines it: `login` has the provider ask for a password again. */
  readonly prompt?: string | undefined;
  /** The address or name to fill in. */
  readonly loginHint?: string | undefined;
}

/** The parameters with which a provider leads back (RFC 6749 section 4.1.2). */
export type AuthorizationResponse = Readonly<Record<string, string>>;

/** A provider of identities. */
export interface IdentityProvider {
  readonly id: string;
  /** As shown to people. */
  readonly name: string;
  /**
   * The page of the provider where a person signs in.
   * @throws AppError provider_unavailable, provider_error
   */
  readonly authorize: (request: AuthorizationRequest) => Promise<string>;
  /**
   * Exchanges the code of a response, and returns who has signed in, once everything has been checked.
   * @throws AppError access_denied, provider_unavailable, provider_error
   */
  readonly complete: (
    response: AuthorizationResponse,
    checks: AuthorizationChecks,
  ) => Promise<{ readonly identity: ProvidedIdentity; readonly tokens: ProviderTokens }>;
  /**
   * The person of an ID token that an app got by itself, such as from the operating system of a phone. Undefined where the
   * provider issues none.
   * @throws AppError invalid_id_token, provider_unavailable, provider_error
   */
  readonly readIdToken?: (idToken: string, nonce: string) => Promise<ProvidedIdentity>;
  /**
   * Exchanges a refresh token for new tokens.
   * @throws AppError provider_unavailable, provider_error, provider_access_ended
   */
  readonly refresh: (tokens: ProviderTokens & { readonly refreshToken: string }) => Promise<ProviderTokens>;
}

/** Those that are configured, by their ids, in the order in which people see them. */
export type IdentityProviders = ReadonlyMap<string, IdentityProvider>;
