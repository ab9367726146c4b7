import { type KeyObject, randomUUID } from 'node:crypto';
import type { AccessTokenClaims, VerifyingKey } from '@latchkey/verifier/core';
import jwt from 'jsonwebtoken';

export const ISSUER = 'https://auth.example.com';
export const AUDIENCE = 'latchkey';
/** The longest that is read. */
export const MAX_TOKEN_LENGTH = 8192;

/** What tokens are made with; `kid` and `algorithm` are those of the key that verifies them. */
export interface SigningKey extends Pick<VerifyingKey, 'kid' | 'algorithm'> {
  readonly signingKey: KeyObject;
}

const TTL_SECONDS = 900;
const SCOPE = 'posts:read posts:write';

/** The given number of different tokens, with the claims and the header that the service gives them. */
export function issueTokens(key: SigningKey, count: number, scope = SCOPE): string[] {
  return Array.from({ length: count }, () => asReceived(sign(key, scope)));
}

/** Tokens of a user with enough permissions to make them as long as a token may be, but for a few characters. */
export function issueLongTokens(key: SigningKey, count: number): string[] {
  const left = Math.floor(((MAX_TOKEN_LENGTH - sign(key, '').length) * 3) / 4);
  // A scope does not end with a space.
  const scope = 'articles:publish '.repeat(left).slice(0, left).replace(/ $/, 's');
  return issueTokens(key, count, scope);
}

/**
 * The text as a server gets it with each request: a new one. A text that was used before knows its hash, and one that was
 * put together of several is only joined when it is first read.
 */
export function asReceived(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function sign({ kid, algorithm, signingKey }: SigningKey, scope: string): string {
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims: AccessTokenClaims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: randomUUID(),
    sid: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + TTL_SECONDS,
    jti: randomUUID(),
    roles: ['user'],
    scope,
    rv: [Date.now(), Date.now()],
  };
  return jwt.sign(claims, signingKey, { algorithm, header: { alg: algorithm, typ: 'at+jwt', kid } });
}
