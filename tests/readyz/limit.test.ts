import { describe, expect, it } from '@jest/globals';
import { createSharedClock, systemClock } from '../../src/core/clock.ts';
import { createReadiness } from '../../src/features/health/readiness.ts';

describe('GET /readyz', () => {
  it('gives the database one second, to read and to write at once', async () => {
    const limits: number[] = [];
    const readiness = createReadiness({
      clock: createSharedClock(systemClock, undefined),
      follower: { isStale: () => false } as never,
      isDraining: () => false,
      requireFresh: () => {},
      isSchemaCurrent: async (withinMilliseconds) => limits.push(withinMilliseconds) > 0,
      isDamaged: () => false,
      tryWriting: async (withinMilliseconds) => {
        limits.push(withinMilliseconds);
      },
    });

    expect(await readiness.check()).toBe('followed');
    expect(limits).toEqual([1_000, 1_000]);
  });
});
