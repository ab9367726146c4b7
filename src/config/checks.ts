import type { Algorithm } from '@latchkey/verifier/core';
import { createKeyRing } from '../core/tokens/keys.ts';
import { expectedHashMilliseconds } from './passwords.ts';
import { isSampleSecret } from './sample-secrets.ts';
import { describeValue, type Values } from './variables.ts';

const MIN_SECRET_BYTES = 32;
const MIN_PRODUCTION_BCRYPT_COST = 10;

/**
 * Problems of a configuration that is fine on a laptop and not in production. `problems` are those already reported.
 */
export function productionProblems(values: Values, problems: readonly string[]): string[] {
  const found: string[] = [];
  const required = ['JWT_SECRET', 'PUBLIC_URL', 'DATABASE_URL'] as const;
  for (const name of required) {
    const alreadyReported = problems.some((problem) => problem.startsWith(name));
    if (values[name] === undefined && !alreadyReported)
      found.push(`${name} is not set: required in production`);
  }
  const secrets = [
    ['JWT_SECRET', values.JWT_SECRET],
    ['PASSWORD_PEPPER', values.PASSWORD_PEPPER],
    ...(values.JWT_PREVIOUS_SECRETS ?? []).map((secret) => ['JWT_PREVIOUS_SECRETS', secret] as const),
  ] as const;
  for (const [name, secret] of secrets) {
    if (secret === undefined) continue;
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      found.push(
        `${name} is ${describeValue(name, secret)}: production wants at least ${MIN_SECRET_BYTES} bytes`,
      );
    } else if (isSampleSecret(secret)) {
      found.push(`${name} is a sample secret that everybody knows: make one with openssl rand -base64 48`);
    }
  }
  if (values.PASSWORD_PEPPER !== undefined && values.PASSWORD_PEPPER === values.JWT_SECRET) {
    found.push('PASSWORD_PEPPER is the same as JWT_SECRET: make a secret of its own');
  }
  if (values.BCRYPT_COST < MIN_PRODUCTION_BCRYPT_COST) {
    found.push(
      `BCRYPT_COST is ${values.BCRYPT_COST}: production wants at least ${MIN_PRODUCTION_BCRYPT_COST}`,
    );
  }
  return found;
}

/** Where a hash takes longer than a login may take in all, no login would ever succeed. */
export function hashProblems({ BCRYPT_COST: cost, HASH_MAX_WAIT_MS: allowed }: Values): string[] {
  const expected = Math.ceil(expectedHashMilliseconds(cost));
  if (cost === undefined || allowed === undefined || expected < allowed) return [];
  return [
    `HASH_MAX_WAIT_MS is ${allowed}: one hash at BCRYPT_COST=${cost} takes about ${expected} milliseconds; allow several times as many`,
  ];
}

/** Problems of the keys, each by itself and with the algorithm. */
export function keyProblems(values: Values): string[] {
  const { JWT_ALG: algorithm = 'HS256', JWT_PRIVATE_KEY: privateKey } = values;
  const found: string[] = [];
  if (/^\s+\S|\S\s+$|[,\r\n]/.test(values.JWT_SECRET ?? '')) {
    found.push(
      'JWT_SECRET has a comma, a line break or a blank at an end: it could not be listed in JWT_PREVIOUS_SECRETS',
    );
  }
  if (algorithm === 'HS256' && privateKey !== undefined) {
    found.push('JWT_PRIVATE_KEY is set while JWT_ALG is HS256: set JWT_ALG=ES256 or RS256');
  } else if (algorithm !== 'HS256' && privateKey === undefined) {
    found.push(`JWT_PRIVATE_KEY is not set: JWT_ALG=${algorithm} needs a private key in PEM`);
  } else {
    found.push(...keyRingProblems(values, algorithm));
  }
  return found;
}

/** Only building the key ring shows whether the keys parse and fit, so it is built here and discarded. */
function keyRingProblems(values: Values, algorithm: Algorithm): string[] {
  try {
    createKeyRing({
      algorithm,
      secret: values.JWT_SECRET ?? '',
      privateKey: values.JWT_PRIVATE_KEY,
      previousSecrets: values.JWT_PREVIOUS_SECRETS ?? [],
      previousPublicKeys: values.JWT_PREVIOUS_PUBLIC_KEYS ?? [],
    });
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
