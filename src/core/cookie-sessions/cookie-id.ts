import { createHmac, hash } from 'node:crypto';
import type { SigningKey } from '../tokens/keys.ts';
import { isSameMac } from '../tokens/tag.ts';
import { randomBytes } from '../values/random.ts';

const ID_BYTES = 32;
const PURPOSE = 'latchkey csrf token v1';

/** A new id for the cookie of a session: 256 random bits in base64url. */
export function newCookieId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

/** What a session is kept under: the SHA-256 of the id in its cookie, in base64url. */
export function cookieKeyOf(id: string): string {
  return hash('sha256', id, 'base64url');
}

export type CsrfTokens = ReturnType<typeof createCsrfTokens>;

/**
 * The tokens that a page shows in addition to its cookie. Each is an HMAC of the id in the cookie, so that it is bound to
 * the session and nothing has to be kept. The first of `secrets` makes them, all of them verify.
 */
export function createCsrfTokens(secrets: readonly [SigningKey, ...SigningKey[]]) {
  return {
    of: (cookieId: string) => macOf(secrets[0], cookieId).toString('base64url'),
    isOf(cookieId: string, token: string): boolean {
      const given = Buffer.from(token, 'base64url');
      return secrets.some((secret) => isSameMac(macOf(secret, cookieId), given));
    },
  };
}

function macOf({ signingKey }: SigningKey, cookieId: string): Buffer {
  return createHmac('sha256', signingKey).update(`${PURPOSE}\0${cookieId}`).digest();
}
