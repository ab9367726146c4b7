import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import type { KeyMaterial } from './keys.ts';
import { generatePrivateKey, readOrCreate, readOrCreateSecrets } from './secret-file.ts';

/** The keys that are configured, and where none are those that the data directory keeps; made at the first start. */
export function readKeyMaterial(tokens: Config['tokens']): KeyMaterial {
  // Before the other secret, whose file tells an installation that is older than this one.
  const appSecrets = readAppSecrets(tokens);
  return { ...tokens, secret: readSecret(tokens), privateKey: readPrivateKey(tokens), appSecrets };
}

/** In PEM; undefined under HS256. */
export function readPrivateKey({
  algorithm,
  privateKey,
  privateKeyFile,
}: Config['tokens']): string | undefined {
  if (algorithm === 'HS256' || privateKey !== undefined) return privateKey;
  return readOrCreate(privateKeyFile, () => generatePrivateKey(algorithm));
}

/** Undefined where nothing needs it. */
function readSecret({ algorithm, secret, secretFile }: Config['tokens']): string | undefined {
  if (algorithm !== 'HS256' || secret !== undefined) return secret;
  return readOrCreateSecrets(secretFile)[0];
}

/**
 * Without a secret of its own JWT_SECRET makes these tokens, as it did before there was one: replicas that share it
 * then agree, and an upgrade logs no user out. Only what is generated is always apart.
 */
function readAppSecrets(tokens: Config['tokens']): readonly [string, ...string[]] {
  const { appSecret, appPreviousSecrets, appSecretFile, secret, secretFile, previousSecrets } = tokens;
  if (appSecret !== undefined) return [appSecret, ...appPreviousSecrets];
  const previous = [...appPreviousSecrets, ...previousSecrets];
  if (secret !== undefined) return [secret, ...previous];
  const beforeIt = () => (existsSync(secretFile) ? readOrCreateSecrets(secretFile) : []);
  return [...readOrCreateSecrets(appSecretFile, beforeIt), ...previous];
}
