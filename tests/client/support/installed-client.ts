import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';
import { copyCheckout, linkNodeModules } from '../../support/packing.ts';

/** What pages are built with, and of. */
export const BENCH_MODULES = fileURLToPath(new URL('../../../bench/node_modules/', import.meta.url));

export const run = promisify(execFile);

/** Packs the client in a copy of the checkout. @returns the tarball */
export async function packClient(copy: string): Promise<string> {
  copyCheckout(copy);
  linkNodeModules(copy);
  const { stdout } = await run('npm', ['pack', '--silent', '--workspace=client'], { cwd: copy });
  return join(copy, stdout.trim());
}

/** A project that has nothing but the client. */
export async function installClient(project: string, tarball: string): Promise<void> {
  writeFileSync(join(project, 'package.json'), '{ "name": "my-app", "private": true, "type": "module" }');
  const options = ['--offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, tarball], { cwd: project });
}

/** Packages in a project, in place of installing them. */
export function linkPackages(project: string, from: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(from, name), link);
  }
}

/** Builds a project with Vite. @returns the scripts that it makes, by their names without the hash */
export async function buildWithVite(project: string, packages: readonly string[] = []): Promise<string[]> {
  linkPackages(project, BENCH_MODULES, packages);
  const vite = join(BENCH_MODULES, 'vite/bin/vite.js');
  await run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: project });
  const assets = readdirSync(join(project, 'dist/assets'));
  return assets.filter((name) => name.endsWith('.js')).map((name) => name.replace(/-[\w-]{8}\.js$/, ''));
}

const hasVite = existsSync(join(BENCH_MODULES, 'vite'));
if (!hasVite && process.env.REQUIRE_BENCH !== '1') {
  process.stderr.write(
    '\n*** NO VITE: pages with the client are not built with it: npm --prefix bench ci ***\n',
  );
}

/** Where Vite is installed, or has to be. */
export const describeWithVite = hasVite || process.env.REQUIRE_BENCH === '1' ? describe : describe.skip;
