import { randomBytes } from 'node:crypto';

const UUID_BYTES = 16;

/**
 * The random bytes of the given number of UUIDs, by their index, all drawn at once: each call of the system takes
 * longer than all else about an id.
 */
export function randomForUuids(count: number): (index: number) => Uint8Array {
  const random = randomBytes(count * UUID_BYTES);
  return (index) => random.subarray(index * UUID_BYTES, (index + 1) * UUID_BYTES);
}
