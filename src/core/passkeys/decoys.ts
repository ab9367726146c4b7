import { createHmac } from 'node:crypto';
import type { KeyRing } from '../tokens/keys.ts';
import { hasTag, TAG_BYTES, tagOf } from '../tokens/tag.ts';
import { MAX_PASSKEYS } from './passkey.ts';

/** In bytes, as widespread authenticators make them. */
const LENGTHS = [16, 20, 32, 48, 64] as const;
const PURPOSE = 'passkey decoy';

export type Decoys = ReturnType<typeof createDecoys>;

/**
 * Credential ids that no authenticator has, for options that must not tell whether an address has an account, or how many
 * passkeys. Those of an address are the same each time: ids that changed would be known to be made up.
 */
export function createDecoys(appSecrets: KeyRing['appSecrets']) {
  const [current] = appSecrets;

  /** The credential ids of an account, filled up to the number that none exceeds, in an order that tells nothing. */
  function fillUp(credentialIds: readonly string[], address: string): string[] {
    // All of them in any case, so that it takes the same time.
    const decoys = Array.from({ length: MAX_PASSKEYS }, (_, index) => decoyOf(address, index));
    return [...credentialIds, ...decoys].slice(0, MAX_PASSKEYS).sort();
  }

  function decoyOf(address: string, index: number): string {
    const bytes = createHmac('sha512', current.signingKey)
      .update(`${PURPOSE}\0${index}\0${address}`)
      .digest();
    const length = LENGTHS[(bytes.at(-1) ?? 0) % LENGTHS.length] ?? LENGTHS[0];
    const body = bytes.subarray(0, length - TAG_BYTES);
    return Buffer.concat([body, tagOf(current, PURPOSE, body)]).toString('base64url');
  }

  /** Whether an id was made up here. */
  function has(credentialId: string): boolean {
    const bytes = Buffer.from(credentialId, 'base64url');
    return appSecrets.some((secret) => hasTag(secret, PURPOSE, bytes));
  }

  return { fillUp, has };
}
