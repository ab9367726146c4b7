/** What an access token says. */
export interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly sid: string;
  readonly client_id?: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly roles: readonly string[];
  readonly scope: string;
  readonly rv: readonly number[];
  readonly from_roles?: readonly string[];
}

/** The claims of a token, unchecked. */
export function claimsIn(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
