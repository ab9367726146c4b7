/** The claims of an access token (RFC 9068 section 2.2); `iat` and `exp` are seconds since 1970. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly sub: string;
  /** The session, which ends with a logout; a machine client has none. */
  readonly sid?: string;
  /** How many refreshes the session had come to when this was issued; a login's token has none. */
  readonly rot?: number;
  /** How the user authenticated last: method names of RFC 8176, such as `pwd`. */
  readonly amr?: readonly string[];
  /** By how many factors: `1`, or `2` where `amr` has `mfa` (RFC 9470). */
  readonly acr?: string;
  /** When that was, in seconds since 1970. */
  readonly auth_time?: number;
  /** The machine client that the token was issued to; then `sub` is the same (RFC 9068 section 2.2). */
  readonly client_id?: string;
  /** The API key in place of a token, which says so itself. */
  readonly api_key_id?: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly roles: readonly string[];
  /** What the subject may do: permissions separated by spaces (RFC 8693 section 4.2). */
  readonly scope: string;
  /** Since when the user has these roles, and each role these permissions; milliseconds since 1970. */
  readonly rv: readonly number[];
  /** Where `scope` was narrowed and `roles` is empty therefore: the roles that `rv` is about. */
  readonly from_roles?: readonly string[];
}

/** The permissions in a text with spaces between them. */
export function permissionsIn(scope: string): readonly string[] {
  return scope === '' ? [] : scope.split(' ');
}
