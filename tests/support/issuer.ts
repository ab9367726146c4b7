import { createSecretKey } from 'node:crypto';
import type { Algorithm } from '@latchkey/verifier/core';
import { TEST_SECRET, type TestApp, useApp } from './app.ts';
import { makeClient, tokenOf } from './clients.ts';
import { aKey, type TokenKey } from './forge-token.ts';
import { signUp } from './people.ts';

export const ALGORITHMS: readonly Algorithm[] = ['HS256', 'ES256', 'RS256'];

/** The service under this algorithm, and the key that it signs with. Ready once the suite runs. */
export function useIssuer(algorithm: Algorithm): { app: TestApp; key: TokenKey } {
  if (algorithm === 'HS256') {
    return { app: useApp('SQLite'), key: { algorithm, key: createSecretKey(TEST_SECRET, 'utf8') } };
  }
  const key = aKey(algorithm);
  const pem = key.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { app: useApp('SQLite', { JWT_ALG: algorithm, JWT_PRIVATE_KEY: pem }), key };
}

/** Of a user, of a machine client with a permission, and of one that asked for less. */
export async function genuineTokens(app: TestApp): Promise<[string, string, string]> {
  const client = await makeClient(app);
  return [
    (await signUp(app)).token,
    await tokenOf(app, client),
    await tokenOf(app, client, { scope: 'clients:read' }),
  ];
}
