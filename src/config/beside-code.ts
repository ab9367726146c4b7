import { fileURLToPath } from 'node:url';

/**
 * The path of a file that is not code, relative to `src`, or to `dist` in a build. This works in both because the build
 * puts this module one directory down too, in `dist/chunks-…`.
 */
export function besideCode(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
