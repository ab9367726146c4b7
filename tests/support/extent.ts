import { expect } from '@jest/globals';

/** Whether the file at hand is the long form of a test, which imports the short one. */
export function isLongForm(): boolean {
  return expect.getState().testPath?.endsWith('.long.test.ts') === true;
}

/** How often something is tried: a few times in `npm test`, more often in `npm run test:long`. */
export function times(inShort: number, inLong: number): number {
  return isLongForm() ? inLong : inShort;
}
