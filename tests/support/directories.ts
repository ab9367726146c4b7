import { rmSync } from 'node:fs';
import { afterAll } from '@jest/globals';
import { temporaryDirectory } from './temporary.ts';

/** Makes empty directories that are removed at the end of the suite. */
export function useDirectories(): () => string {
  const made: string[] = [];
  afterAll(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = temporaryDirectory('test');
    made.push(directory);
    return directory;
  };
}
