import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { type BuildOptions, build } from 'esbuild';

const CLIENT = new URL('../../client/', import.meta.url);
const source = (name: string) => fileURLToPath(new URL(`src/${name}.ts`, CLIENT));

/** A page with this import, as a bundler ships it. */
function bundle(contents: string, options: BuildOptions = {}) {
  return build({
    stdin: { contents, resolveDir: fileURLToPath(CLIENT) },
    alias: { '@latchkey/client/react': source('react'), '@latchkey/client': source('index') },
    external: ['react'],
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'error',
    ...options,
  });
}

/** What a browser fetches before the page runs: the first file, and what it imports by statements. */
function filesAtStart({ metafile, outputFiles }: Awaited<ReturnType<typeof bundle>>): Uint8Array[] {
  const paths = new Set(['out/stdin.js']);
  for (const path of paths)
    for (const { path: imported, kind, external } of metafile?.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && !external) paths.add(imported);
  return (outputFiles ?? [])
    .filter(({ path }) => [...paths].some((known) => path.endsWith(`/${known}`)))
    .map(({ contents }) => contents);
}

async function gzippedBytes(contents: string): Promise<number> {
  const files = filesAtStart(await bundle(contents));
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
}

describe('@latchkey/client', () => {
  it('has less than 6,000 bytes, minified and gzipped', async () => {
    const bytes = await gzippedBytes(`export { createClient } from '@latchkey/client'`);

    // One that is empty would be small as well.
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThan(6_000);
  });

  it('has less than 1,000 bytes for React', async () => {
    const bytes = await gzippedBytes(`export * from '@latchkey/client/react'`);

    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThan(1_000);
  });

  it('loads what passkeys need when they are first used', async () => {
    const { outputFiles } = await bundle(`export { createClient } from '@latchkey/client'`);

    const withPasskeys = outputFiles?.filter(({ text }) => text.includes('navigator.credentials')) ?? [];

    expect(withPasskeys.map(({ path }) => /passkeys-\w+\.js$/.test(path))).toEqual([true]);
  });

  it('does nothing when it is imported, which bundlers need not be told', async () => {
    const files = filesAtStart(await bundle(`import '@latchkey/client'`, { ignoreAnnotations: true }));

    expect(files.map(({ length }) => length)).toEqual([0]);
  });

  it('needs no other package', () => {
    const manifest = JSON.parse(readFileSync(new URL('package.json', CLIENT), 'utf8'));

    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.peerDependenciesMeta).toEqual({ react: { optional: true } });
    expect(Object.keys(manifest.peerDependencies)).toEqual(['react']);
  });
});
