import { describe, expect, it } from '@jest/globals';
import { randomBytes } from '../../src/core/values/random.ts';

describe('Random bytes', () => {
  it('are as many as were asked for, also more than the pool holds', () => {
    for (const count of [0, 1, 16, 4_095, 4_096, 4_097, 100_000])
      expect(randomBytes(count)).toHaveLength(count);
  });

  it.each([-1, -16, Number.NaN, Number.POSITIVE_INFINITY])(
    'are refused where the count is none: %d',
    (count) => {
      expect(() => randomBytes(count)).toThrow(RangeError);
      expect(randomBytes(16)).toHaveLength(16);
    },
  );

  it('are given once', () => {
    const given = Array.from({ length: 2_000 }, () => randomBytes(16).toString('hex'));

    expect(new Set(given).size).toBe(given.length);
  });

  it('stay what they were while more are drawn', () => {
    const kept = randomBytes(16);
    const before = kept.toString('hex');

    for (let drawn = 0; drawn < 1_000; drawn++) randomBytes(16);

    expect(kept.toString('hex')).toBe(before);
  });
});
