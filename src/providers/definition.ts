import type { z } from 'zod';
import type { Variable } from '../config/variable.ts';
import type { Clock } from '../core/clock.ts';
import type { AuthorizationResponse, ProvidedProfile } from '../core/identities/provider.ts';
import type { BoundedFetch } from './fetch.ts';

type Variables = Readonly<Record<string, Variable>>;

/** The parsed values of variables. */
export type ValuesOf<Described extends Variables> = {
  readonly [Name in keyof Described]: z.output<Described[Name]['schema']>;
};

/** A kind of provider: the variables that configure it, and what follows from them. */
export interface ProviderDefinition<Described extends Variables> {
  readonly variables: Described;
  /** The variables that are set together or not at all. */
  readonly group: readonly (keyof Described & string)[];
  /** What is configured; nothing where the group is not set. */
  readonly settings: (values: ValuesOf<Described>) => readonly ProviderSettings[];
}

/** States a provider: the compiler then knows the values of its variables. */
export function provider<const Described extends Variables>(
  definition: ProviderDefinition<Described>,
): ProviderDefinition<Described> {
  return definition;
}

interface CommonSettings {
  /** As in URLs. */
  readonly id: string;
  /** As shown to people. */
  readonly name: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** What else the authorization request takes where the tokens are kept, to get a refresh token. */
  readonly offline?: { readonly scope?: string; readonly parameters?: Readonly<Record<string, string>> };
}

/** The claims of an ID token, and those of the userinfo endpoint where that was asked. */
export type Claims = Readonly<Record<string, unknown>>;

/** A provider that speaks OpenID Connect. */
export interface OpenIdSettings extends CommonSettings {
  readonly kind: 'openid';
  /** Where the discovery document is looked up. */
  readonly issuer: string;
  /**
   * The issuer that the discovery document and the ID tokens name, where it is another. `{tenantid}` in it stands for the
   * claim `tid` of the token.
   */
  readonly namedIssuer?: string;
  /** Another name of the issuer, for which an identity is the same. */
  readonly issuerAlias?: string;
  /** A tenant whose tokens are refused. */
  readonly refusedTenant?: string;
  /** Undefined for a public client. */
  readonly clientSecret: string | ((at: Date) => Promise<string>) | undefined;
  /** Other client ids whose ID tokens are accepted, such as those of mobile apps. */
  readonly nativeClientIds: readonly string[];
  /** For a provider that says in a way of its own that an email address is verified. */
  readonly isEmailVerified?: (claims: Claims) => boolean;
  /** For a provider that sends the name elsewhere than in the claims. */
  readonly nameIn?: (response: AuthorizationResponse) => string | undefined;
}

/** The issuer as it names itself, in which there may be a `{tenantid}`. */
export function issuerNamed({ issuer, namedIssuer = issuer }: OpenIdSettings): string {
  return namedIssuer;
}

/** Reads a resource of a provider on behalf of the person. */
export type GetResource = (url: string) => Promise<unknown>;

/** A provider that speaks OAuth 2.0, and has an API of its own that says who a person is. */
export interface OAuthSettings extends CommonSettings {
  readonly kind: 'oauth';
  /** Names the provider in an identity. */
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Where its API is. */
  readonly apiUrl: string;
  readonly clientSecret: string;
  /** @throws whatever the answers cannot be read as */
  readonly readProfile: (get: GetResource, accessToken: string) => Promise<ProvidedProfile>;
}

/** What the client of a provider works with. */
export interface ProviderTools {
  readonly clock: Clock;
  readonly fetch: BoundedFetch;
  /** Whether tokens are kept, so that refresh tokens are of use. */
  readonly isOffline: boolean;
}

export type ProviderSettings = OpenIdSettings | OAuthSettings;

/** Whether a claim says yes: a boolean, or its text. Anything else is a no. */
export function isTrue(claim: unknown): boolean {
  return claim === true || claim === 'true';
}

/** The text of a claim; null where it is none, or empty. */
export function textOf(claim: unknown): string | null {
  return typeof claim === 'string' && claim !== '' ? claim : null;
}
