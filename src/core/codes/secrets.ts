import { createHash, createHmac, randomInt } from 'node:crypto';
import type { SigningKey } from '../tokens/keys.ts';
import { isSameMac } from '../tokens/tag.ts';
import { randomBytes } from '../values/random.ts';
import type { Purpose } from './challenge.ts';

const DIGITS = 6;
const TOKEN_BYTES = 32;

/** Six digits, each as likely as any other. */
export function newCode(): string {
  return String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
}

/** 256 random bits in base64url. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** What is kept of a token: 256 random bits cannot be guessed, so a plain hash is enough. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** What is kept of a code. It fits this challenge and purpose alone, and cannot be computed without the secret. */
export function macOfCode(
  { signingKey }: SigningKey,
  { id, purpose }: { readonly id: string; readonly purpose: Purpose },
  code: string,
): string {
  return createHmac('sha256', signingKey)
    .update(`latchkey code v1\0${purpose}\0${id}\0${code}`)
    .digest('base64url');
}

/** Whether a MAC is that of a code, under any of the secrets. */
export function isCodeOf(
  secrets: readonly SigningKey[],
  challenge: { readonly id: string; readonly purpose: Purpose; readonly codeMac: string | null },
  code: string,
): boolean {
  const given = Buffer.from(challenge.codeMac ?? '', 'base64url');
  const same = secrets.map((secret) =>
    isSameMac(Buffer.from(macOfCode(secret, challenge, code), 'base64url'), given),
  );
  return same.includes(true);
}

/** What stands for an address in the names of counts and subjects. */
export function hashOfAddress({ signingKey }: SigningKey, address: string): string {
  return createHmac('sha256', signingKey).update(`latchkey address v1\0${address}`).digest('base64url');
}
