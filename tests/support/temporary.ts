import { accessSync, constants, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 2 ** 30;

/**
 * Where files of tests go: into memory where there is room for them. A commit waits for the disk otherwise, some
 * milliseconds for each of the thousands that the suite makes.
 */
const PARENT = hasRoom() ? MEMORY : tmpdir();

function hasRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}

/** Makes an empty directory, which the caller removes. */
export function temporaryDirectory(name: string): string {
  return mkdtempSync(join(PARENT, `latchkey-${name}-`));
}
