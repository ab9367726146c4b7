import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
 */
export function readOrCreateSecret(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const candidate = `${file}.${process.pid}`;
  writeFileSync(candidate, randomBytes(GENERATED_SECRET_BYTES).toString('base64url'), { mode: 0o600 });
  try {
    linkSync(candidate, file);
  } catch (error) {
    if (!isFileExists(error)) throw error;
  } finally {
    rmSync(candidate);
  }
  return readFileSync(file, 'utf8').trim();
}

function isFileExists(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
