import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
export const NODE_MODULES = join(CHECKOUT, 'node_modules');

/**
 * Copies what packing takes into a directory, since other tests read verifier/dist at this moment. It has what is left of
 * an earlier build, a private workspace, and one more for others, as a client would be.
 */
export function copyCheckout(directory: string): void {
  const paths = ['.gitignore', 'tsconfig.json', 'scripts', 'examples/posts-service/package.json', 'verifier'];
  for (const path of paths) cpSync(join(CHECKOUT, path), join(directory, path), { recursive: true });
  mkdirSync(join(directory, 'verifier/dist'), { recursive: true });
  writeFileSync(join(directory, 'verifier/dist/left-over.js'), '');
  const root = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
  const workspaces = ['verifier', 'examples/posts-service', 'later'];
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ ...root, workspaces }));
  const later = { name: '@latchkey/later', version: '1.2.3', scripts: { prepack: 'echo built > built.js' } };
  mkdirSync(join(directory, 'later'));
  writeFileSync(join(directory, 'later/package.json'), JSON.stringify(later));
}

/** In place of npm ci. */
export function linkNodeModules(directory: string): void {
  symlinkSync(NODE_MODULES, join(directory, 'node_modules'));
}
