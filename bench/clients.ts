import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';

const CLIENT = new URL('../client/', import.meta.url);
const OURS = '@latchkey/client';
/** The apps in bench/clients, and the package that each is about. */
const APPS = {
  latchkey: OURS,
  supabase: '@supabase/supabase-js',
  'auth-js': '@supabase/auth-js',
  'better-auth': 'better-auth',
  supertokens: 'supertokens-web-js',
};

await runBenchmark('clients', measure);

/** What a page ships so that people sign up, sign in and out, and call an API: the same small app with each client. */
async function measure(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, packageName] of Object.entries(APPS)) {
    const app = fileURLToPath(new URL(`clients/${name}.mjs`, import.meta.url));
    const bytes = [await bytesAtStart(app)];
    const title = `${packageName} ${versionOf(packageName)}: an app of ${countLines(app)} lines, minified and gzipped`;
    const [ours] = figures;
    figures.push(
      ours === undefined
        ? measured(title, 'bytes', bytes)
        : compared(title, 'bytes', bytes, { reference: OURS, to: [ours.value] }),
    );
  }
  return figures;
}

/** What a browser fetches before the app runs: what is loaded later is in files of its own. */
async function bytesAtStart(app: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    entryPoints: { app },
    // It is built when it is packed, which need not have happened here.
    alias: { [OURS]: fileURLToPath(new URL('src/index.ts', CLIENT)) },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: 'out',
    write: false,
    metafile: true,
  });
  const atStart = new Set(['out/app.js']);
  for (const path of atStart)
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement') atStart.add(imported);
  return outputFiles
    .filter(({ path }) => [...atStart].some((known) => path.endsWith(`/${known}`)))
    .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

/** Without comments and empty lines, as the formatter of this repository sets them. */
function countLines(app: string): number {
  const lines = readFileSync(app, 'utf8').split('\n');
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('/**')).length;
}

function versionOf(packageName: string): string {
  const directory = packageName === OURS ? CLIENT : new URL(`node_modules/${packageName}/`, import.meta.url);
  return JSON.parse(readFileSync(new URL('package.json', directory), 'utf8')).version;
}
