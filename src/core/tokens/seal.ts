import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { randomBytes } from '../values/random.ts';
import type { SigningKey } from './keys.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export type Seal = ReturnType<typeof createSeal>;

/**
 * Encrypts what is kept but must not be read in the database, with AES-256-GCM under keys derived from the secrets of
 * the service (RFC 5869). The first of `secrets` seals, all of them open. `purpose` sets its keys apart from all others.
 */
export function createSeal(secrets: readonly [SigningKey, ...SigningKey[]], purpose: string) {
  const [current, ...previous] = secrets.map(({ signingKey }) =>
    Buffer.from(hkdfSync('sha256', signingKey.export(), '', `latchkey ${purpose} v1`, KEY_BYTES)),
  );

  /** The value as JSON, sealed, in base64url. It opens for the same `owner` alone, such as the id of its row. */
  function seal(value: unknown, owner: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, current ?? '', iv).setAAD(Buffer.from(owner));
    const sealed = [cipher.update(JSON.stringify(value), 'utf8'), cipher.final()];
    return Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString('base64url');
  }

  /** The value that was sealed; undefined where no secret opens it. */
  function open(text: string, owner: string): unknown {
    const bytes = Buffer.from(text, 'base64url');
    for (const key of [current, ...previous]) {
      if (key === undefined) continue;
      try {
        const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
          .setAAD(Buffer.from(owner))
          .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const opened = [decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()];
        return JSON.parse(Buffer.concat(opened).toString());
      } catch {
        // Sealed with another secret, or not here.
      }
    }
    return undefined;
  }

  return { seal, open };
}
