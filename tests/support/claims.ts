import type { AccessTokenClaims } from '@latchkey/verifier/core';

/** What the access token of a person says. */
export interface Claims extends AccessTokenClaims {
  readonly sid: string;
}

/** The claims of a token, unchecked. */
export function claimsIn(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
