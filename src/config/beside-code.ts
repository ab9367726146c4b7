import { fileURLToPath } from 'node:url';

/**
 * The path of what lies beside the code: in `src` as it is written, and at the same place in `dist` as it is built, where
 * the build puts the code of this module one directory down as well.
 */
export function besideCode(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
