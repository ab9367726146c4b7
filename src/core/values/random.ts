import { randomBytes as drawFromSystem } from 'node:crypto';

export const UUID_BYTES = 16;
const POOL_BYTES = 4_096;

let pool = Buffer.alloc(0);
let usedBytes = 0;

/**
 * Random bytes that nobody can predict, each of which is given once. They are drawn from the system many at a time, since a
 * call of it takes longer than all else about an id or a nonce.
 */
export function randomBytes(count: number): Buffer {
  if (usedBytes + count > pool.length) {
    pool = drawFromSystem(Math.max(POOL_BYTES, count));
    usedBytes = 0;
  }
  usedBytes += count;
  return pool.subarray(usedBytes - count, usedBytes);
}
