import { describe, expect, it } from '@jest/globals';
import stacks from './support/jest/stacks.cjs';

/** Types take lines that are not there when it runs. */
interface Line {
  readonly number: number;
  readonly text: string;
}

const LINE: Line = { number: 12, text: 'the next one' };
const made = () => ({
  error: new Error(LINE.text, { cause: new Error('the cause') }),
});

describe('The stack of a failure', () => {
  it('names the lines of the sources, in its cause too', () => {
    const { error } = made();

    stacks.nameSources(error);

    const place = new RegExp(`tests/stacks\\.test\\.ts:${LINE.number}:\\d+`);
    expect(error.stack).toMatch(place);
    expect((error.cause as Error).stack).toMatch(place);
  });

  it('is changed once, however often the same error is met', () => {
    const { error } = made();

    stacks.nameSources(error);
    const { stack } = error;
    stacks.nameSources(error);

    expect(error.stack).toBe(stack);
  });
});
