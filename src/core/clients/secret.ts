import { createHash, timingSafeEqual } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { randomBytes } from '../values/random.ts';
import type { ClientSecret } from './client.ts';

/** How many secrets live side by side, while one replaces the other. */
export const MAX_SECRETS = 2;

/** The prefix by which people and secret scanners recognize a leaked secret. */
const PREFIX = 'lcs_';
const SECRET_BYTES = 32;
/** Compared with where there is no secret. No text is known that has this hash. */
const NO_HASH = Buffer.alloc(32);

/** A secret that has just been made: `text` is shown once, `kept` is what is stored. */
export interface NewSecret {
  readonly text: string;
  readonly kept: ClientSecret;
}

/** A new secret of 256 random bits. */
export function makeSecret(createdAt: Date): NewSecret {
  const text = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const id = uuidv7({ msecs: createdAt.getTime() });
  return { text, kept: { id, hash: digest(text).toString('hex'), createdAt } };
}

/**
 * Which of `secrets` the text is, or null. SHA-256 is enough for 256 random bits, and neither the time of the
 * comparison nor the number of comparisons depends on what is stored (RFC 6749 section 10.10).
 */
export function matchSecret(secrets: readonly ClientSecret[], text: string): ClientSecret | null {
  const given = digest(text);
  let found: ClientSecret | null = null;
  for (let index = 0; index < MAX_SECRETS; index++) {
    const secret = secrets[index];
    const isEqual = timingSafeEqual(given, secret === undefined ? NO_HASH : Buffer.from(secret.hash, 'hex'));
    if (isEqual && secret !== undefined) found = secret;
  }
  return found;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
