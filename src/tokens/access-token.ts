import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Clock } from '../clock.ts';
import type { SigningKey } from './signing-key.ts';
import { type AccessTokenClaims, createVerify } from './verify.ts';

export interface AccessTokenOptions {
  readonly signingKey: SigningKey;
  readonly issuer: string;
  readonly audience: string;
  readonly ttlSeconds: number;
  readonly clock: Clock;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

export interface AccessTokens {
  /** A new token, with a `jti` of its own, for the person `subject`. */
  readonly issue: (subject: string, roles: readonly string[]) => IssuedToken;
  /** The claims of a token that passes every check, else throws a TokenError. */
  readonly verify: (token: string) => AccessTokenClaims;
}

/** Issues and verifies access tokens: signed JWTs in the profile of RFC 9068, with nothing personal inside. */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { signingKey, issuer, audience, ttlSeconds, clock } = options;
  return {
    issue(subject, roles) {
      const issuedAt = Math.floor(clock.now() / 1000);
      const claims: AccessTokenClaims = {
        iss: issuer,
        aud: audience,
        sub: subject,
        iat: issuedAt,
        exp: issuedAt + ttlSeconds,
        jti: randomUUID(),
        roles,
      };
      const header = { alg: signingKey.algorithm, typ: 'at+jwt', kid: signingKey.kid };
      const token = jwt.sign(claims, signingKey.key, { algorithm: signingKey.algorithm, header });
      return { token, expiresInSeconds: ttlSeconds };
    },
    verify: createVerify({ keys: [signingKey], issuer, audience, clock }),
  };
}
