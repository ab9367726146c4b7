import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { GENERATED_FILES } from '../../scripts/generated-files.ts';

describe('A generated file says what the code says today (else: npm run generate)', () => {
  it.each(Object.entries(GENERATED_FILES))('%s', async (file, render) => {
    const committed = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

    expect(committed).toBe(await render());
  });
});
