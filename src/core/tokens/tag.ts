import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SigningKey } from './keys.ts';

/** Enough that inventing one takes more requests than any service answers. */
export const TAG_BYTES = 6;

/** Whether a MAC is the expected one, in a time that tells nothing of where they differ. */
export function isSameMac(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** The beginning of a MAC, by which what was made here differs from what was invented before anything is looked up. */
export function tagOf({ signingKey }: SigningKey, purpose: string, tagged: Buffer): Buffer {
  return createHmac('sha256', signingKey)
    .update(`${purpose}\0`)
    .update(tagged)
    .digest()
    .subarray(0, TAG_BYTES);
}

/** Whether bytes end in the tag of all before it. */
export function hasTag(secret: SigningKey, purpose: string, bytes: Buffer): boolean {
  const tag = bytes.subarray(-TAG_BYTES);
  return (
    tag.length === TAG_BYTES && timingSafeEqual(tagOf(secret, purpose, bytes.subarray(0, -TAG_BYTES)), tag)
  );
}
