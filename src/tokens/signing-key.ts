import { createHash, createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A key that signs and verifies, made once: jsonwebtoken is fifty times faster with a KeyObject than with text. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: 'HS256';
  readonly key: KeyObject;
}

const GENERATED_SECRET_BYTES = 32;

/** The HS256 key whose bytes are the UTF-8 bytes of `secret`, as every JWT library takes it. */
export function createSigningKey(secret: string): SigningKey {
  const key = createSecretKey(secret, 'utf8');
  return { kid: thumbprint(key), algorithm: 'HS256', key };
}

/**
 * RFC 7638 JWK thumbprint. Like a token's own signature it is a hash of the secret, and tells nothing about a
 * secret of 256 random bits.
 */
function thumbprint(key: KeyObject): string {
  const { k } = key.export({ format: 'jwk' });
  return createHash('sha256')
    .update(JSON.stringify({ k, kty: 'oct' }))
    .digest('base64url');
}

/**
 * The secret in `file`, made at the first call: 256 random bits as text, readable by the owner alone. Of several
 * processes that start at once one wins, since a hard link is created whole or not at all.
 * @throws Error where the file is there and empty
 */
export function readOrCreateSecret(file: string): string {
  if (!existsSync(file)) createSecret(file);
  const secret = readFileSync(file, 'utf8').trim();
  if (secret === '')
    throw new Error(`the secret file ${file} is empty: restore it, or remove it to make a new one`);
  return secret;
}

function createSecret(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Never a name that another start could have left as a link to the secret itself.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, randomBytes(GENERATED_SECRET_BYTES).toString('base64url'), {
    mode: 0o600,
    flag: 'wx',
  });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft);
  }
}
