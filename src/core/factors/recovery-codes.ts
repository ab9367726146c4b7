import { createHmac, randomInt } from 'node:crypto';
import type { SigningKey } from '../tokens/keys.ts';

const COUNT = 10;
const LENGTH = 10;
/** Without letters and digits that look alike, and without vowels, which would make words: 48 bits for ten. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxyz';

/** A set of codes, in two groups of five each. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: COUNT }, () => {
    const letters = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]);
    return `${letters.slice(0, LENGTH / 2).join('')}-${letters.slice(LENGTH / 2).join('')}`;
  });
}

/** The code as it is compared: in lower case, without what people put between groups. */
const canonical = (code: string): string => code.toLowerCase().replaceAll(/[\s-]/g, '');

/** What is kept of a code. It fits this user alone, and cannot be computed without the secret. */
export function macOfRecoveryCode({ signingKey }: SigningKey, userId: string, code: string): string {
  return createHmac('sha256', signingKey)
    .update(`latchkey recovery code v1\0${userId}\0${canonical(code)}`)
    .digest('base64url');
}
