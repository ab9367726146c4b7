import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
export const NODE_MODULES = join(CHECKOUT, 'node_modules');

const PACKAGES = ['verifier', 'client'];

/**
 * Copies what packing takes into a directory, since other tests read verifier/dist at this moment. Each package has what
 * is left of an earlier build, and there is a private workspace.
 */
export function copyCheckout(directory: string): void {
  const paths = [
    '.gitignore',
    'package.json',
    'tsconfig.json',
    'scripts',
    'examples/posts-service/package.json',
    ...PACKAGES,
  ];
  for (const path of paths) cpSync(join(CHECKOUT, path), join(directory, path), { recursive: true });
  for (const name of PACKAGES) {
    mkdirSync(join(directory, name, 'dist'), { recursive: true });
    writeFileSync(join(directory, name, 'dist/left-over.js'), '');
  }
}

/** In place of npm ci. */
export function linkNodeModules(directory: string): void {
  symlinkSync(NODE_MODULES, join(directory, 'node_modules'));
}
