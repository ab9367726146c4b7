import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Algorithm } from '@latchkey/verifier/core';
import { randomBytes } from '../values/random.ts';

const GENERATED_SECRET_BYTES = 32;
const RSA_BITS = 3072;

/** 256 random bits as text. */
export function generateSecret(): string {
  return randomBytes(GENERATED_SECRET_BYTES).toString('base64url');
}

/** A new private key in PEM. */
export function generatePrivateKey(algorithm: Exclude<Algorithm, 'HS256'>): string {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim();
}

/**
 * The secrets in `file`, one a line: the first makes tokens, the others are those before it. The file is made at the
 * first call, with 256 random bits as text and the lines of `before`.
 * @throws Error where one holds less than that
 */
export function readOrCreateSecrets(
  file: string,
  before: () => readonly string[] = () => [],
): readonly [string, ...string[]] {
  const lines = readOrCreate(file, () => [generateSecret(), ...before()].join('\n')).split(/\r?\n/);
  const [first = '', ...others] = lines.map((line) => line.trim()).filter((line) => line !== '');
  if ([first, ...others].some((secret) => Buffer.byteLength(secret) < GENERATED_SECRET_BYTES)) {
    throw new Error(
      `the secret file ${file} is empty or cut short: restore it, or remove it to make a new one`,
    );
  }
  return [first, ...others];
}

/**
 * What is in `file`, readable by the owner alone, made at the first call. Of several processes that start together one
 * wins, since a hard link is created whole or not at all.
 */
export function readOrCreate(file: string, make: () => string): string {
  if (!existsSync(file)) create(file, make());
  return readFileSync(file, 'utf8').trim();
}

function create(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Never a name that another start could have left as a link to the file itself.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft);
  }
}
