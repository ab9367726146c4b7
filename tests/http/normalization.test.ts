import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { aPerson } from '../support/people.ts';

/** Marks in an order that NFC has to turn round: the time it takes grows with the square of their number. */
const SLOW_TEXT = `a${'\u0315'.repeat(1_900)}${'\u0300'.repeat(1_900)}`;
const LONGEST_NORMALIZED = 4 * 256;

describe('A text that takes long to normalize', () => {
  const app = useApp('SQLite');

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([
    ['POST', '/signup', { name: SLOW_TEXT }],
    ['POST', '/signup', { password: SLOW_TEXT }],
    ['POST', '/signup', { email: `${SLOW_TEXT}@example.com` }],
    ['POST', '/signup', { username: SLOW_TEXT }],
    ['POST', '/login', { password: SLOW_TEXT }],
  ])('is refused by %s %s before it is normalized: %o', async (_method, path, field) => {
    const normalize = jest.spyOn(String.prototype, 'normalize');

    await app
      .post(path)
      .send({ ...aPerson(), ...field })
      .expect(400);

    const lengths = normalize.mock.contexts.map((context) => String(context).length);
    expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(LONGEST_NORMALIZED);
  });
});
