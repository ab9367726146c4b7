import { Console } from 'node:console';
import { createPublicKey } from 'node:crypto';
import type { Algorithm } from '@latchkey/verifier/core';
import { type Config, ConfigError, loadConfig } from '../config/config.ts';
import { readKeyMaterial, readPrivateKey } from '../core/tokens/key-material.ts';
import { createKeyUseStore } from '../core/tokens/key-usage.store.ts';
import { createKeyRing } from '../core/tokens/keys.ts';
import { generatePrivateKey, generateSecret } from '../core/tokens/secret-file.ts';
import { describeKeys } from './key-status.ts';
import type { Surroundings } from './surroundings.ts';
import { withDatabase } from './with-database.ts';

const USAGE = `usage: npm run keys -- new [HS256 | ES256 | RS256]   make a key and print it
       npm run keys -- public                        print the public half of JWT_PRIVATE_KEY
       npm run keys -- status                        what each key is for, and when it may go
`;

const NO_SCHEMA = 'No key has been used yet: the database is empty or behind. Start the service once.';

/** Runs the command and answers with its exit code. */
export async function keys(
  [command, argument, ...rest]: readonly string[],
  { environment, streams: { stdout, stderr } }: Surroundings,
): Promise<number> {
  try {
    if (command === 'new' && isAlgorithm(argument ?? 'HS256') && rest.length === 0) {
      stdout.write(`${newKey((argument ?? 'HS256') as Algorithm)}\n`);
    } else if (command === 'public' && argument === undefined) {
      stdout.write(publicHalf(loadConfig(environment())));
    } else if (command === 'status' && argument === undefined) {
      stdout.write(await status(loadConfig(environment())));
    } else {
      stderr.write(USAGE);
      return 64; // EX_USAGE of sysexits.h
    }
    return 0;
  } catch (error) {
    new Console(stdout, stderr).error(error instanceof Error ? error.message : error);
    return error instanceof ConfigError ? ConfigError.exitCode : 1;
  }
}

function isAlgorithm(text: string): text is Algorithm {
  return text === 'HS256' || text === 'ES256' || text === 'RS256';
}

/** A secret for JWT_SECRET and APP_SECRET, or a private key in PEM for JWT_PRIVATE_KEY. */
function newKey(algorithm: Algorithm): string {
  return algorithm === 'HS256' ? generateSecret() : generatePrivateKey(algorithm);
}

/** In PEM, for JWT_PREVIOUS_PUBLIC_KEYS and for services that verify without jwks.json. */
function publicHalf({ tokens }: Config): string {
  const privateKey = readPrivateKey(tokens);
  if (privateKey === undefined)
    throw new Error('There is no JWT_PRIVATE_KEY: under HS256 nothing is public.');
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

function status({ database, tokens, sessions }: Config): Promise<string> {
  return withDatabase(database, NO_SCHEMA, async (opened) =>
    describeKeys({
      keys: createKeyRing(readKeyMaterial(tokens)),
      uses: await createKeyUseStore(opened).list(),
      accessTokenTtlSeconds: tokens.accessTokenTtlSeconds,
      sessionIdleSeconds: sessions.idleSeconds,
    }),
  );
}
