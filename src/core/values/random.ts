import { randomBytes as drawFromSystem } from 'node:crypto';

export const UUID_BYTES = 16;
const POOL_BYTES = 4_096;

let pool = Buffer.alloc(0);
let usedBytes = 0;

/**
 * Unpredictable random bytes, each given out once. They are drawn from the system 4 KB at a time: a call of it takes
 * longer than everything else about an id or a nonce.
 * @throws RangeError where the count is none
 */
export function randomBytes(count: number): Buffer {
  const isFromPool = count > 0 && count <= POOL_BYTES;
  // The system also refuses what is no count.
  if (!isFromPool) return drawFromSystem(count);
  if (usedBytes + count > pool.length) {
    pool = drawFromSystem(POOL_BYTES);
    usedBytes = 0;
  }
  usedBytes += count;
  return pool.subarray(usedBytes - count, usedBytes);
}
