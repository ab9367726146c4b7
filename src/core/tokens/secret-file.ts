import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const GENERATED_SECRET_BYTES = 32;

/** 256 random bits as text. */
export function generateSecret(): string {
  return randomBytes(GENERATED_SECRET_BYTES).toString('base64url');
}

/**
 * The secret in `file`, made at the first call: 256 random bits as text, readable by the owner alone. Of several
 * processes that start together one wins, since a hard link is created whole or not at all.
 * @throws Error where the file holds less than that
 */
export function readOrCreateSecret(file: string): string {
  if (!existsSync(file)) createSecret(file);
  const secret = readFileSync(file, 'utf8').trim();
  if (Buffer.byteLength(secret) < GENERATED_SECRET_BYTES) {
    throw new Error(
      `the secret file ${file} is empty or cut short: restore it, or remove it to make a new one`,
    );
  }
  return secret;
}

function createSecret(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Never a name that another start could have left as a link to the secret itself.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, generateSecret(), {
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
