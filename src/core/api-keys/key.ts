import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { SigningKey } from '../tokens/keys.ts';
import { hasTag, TAG_BYTES, tagOf } from '../tokens/tag.ts';
import { randomBytes } from '../values/random.ts';

/** The prefix of every key, by which people and secret scanners recognize one. */
export const KEY_PREFIX = 'lk_';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Half of it would be enough against guessing. */
const RANDOM_BYTES = 26;
const SECRET_BYTES = RANDOM_BYTES + TAG_BYTES;
const PURPOSE = 'latchkey api key v1';
/** 62 ** 43 is the first power of 62 above 2 ** 256, and 62 ** 6 that above 2 ** 32. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHAPE = new RegExp(`^${KEY_PREFIX}[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

const SHOWN_START = KEY_PREFIX.length + 4;
const SHOWN_END = 4;

/** `lk_`, 208 random bits, their tag and a checksum, in letters and digits alone: a double click selects all of it. */
export function newKey(secret: SigningKey): string {
  const random = randomBytes(RANDOM_BYTES);
  const bytes = Buffer.concat([random, tagOf(secret, PURPOSE, random)]);
  const written = toBase62(BigInt(`0x${bytes.toString('hex')}`), SECRET_LENGTH);
  return KEY_PREFIX + written + checksumOf(written);
}

/**
 * Whether a well-formed key was made with one of these secrets. One that was not may be genuine: from before keys had
 * tags, or before a secret was replaced.
 */
export function isTagged(key: string, secrets: readonly SigningKey[]): boolean {
  const bytes = Buffer.from(
    fromBase62(key.slice(KEY_PREFIX.length, -CHECKSUM_LENGTH))
      .toString(16)
      .padStart(2 * SECRET_BYTES, '0'),
    'hex',
  );
  return bytes.length === SECRET_BYTES && secrets.some((secret) => hasTag(secret, PURPOSE, bytes));
}

/** Whether a credential is meant to be a key. */
export function isKey(credential: string): boolean {
  return credential.startsWith(KEY_PREFIX);
}

/** Whether the checksum is correct. It is no protection: it catches slips, and tells scanners what is a key. */
export function isWellFormed(key: string): boolean {
  if (!SHAPE.test(key)) return false;
  return checksumOf(key.slice(KEY_PREFIX.length, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH);
}

/** What is stored of a key. 208 random bits cannot be guessed, so a plain hash is enough. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The part of a key that is shown again, for its owner to tell it from others. */
export function shownParts(key: string): { readonly prefix: string; readonly lastFour: string } {
  return { prefix: key.slice(0, SHOWN_START), lastFour: key.slice(-SHOWN_END) };
}

/** CRC-32 of the random part as it is written. */
function checksumOf(secret: string): string {
  return toBase62(BigInt(crc32(secret)), CHECKSUM_LENGTH);
}

function toBase62(value: bigint, length: number): string {
  let rest = value;
  let digits = '';
  for (; rest > 0n; rest /= 62n) digits = ALPHABET[Number(rest % 62n)] + digits;
  return digits.padStart(length, '0');
}

function fromBase62(digits: string): bigint {
  let value = 0n;
  for (const digit of digits) value = value * 62n + BigInt(ALPHABET.indexOf(digit));
  return value;
}
