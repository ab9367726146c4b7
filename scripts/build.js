/**
 * Builds the verifier, and the service, bundled with the packages that it imports into a few files.
 *
 *   node scripts/build.js               checks the types and builds both
 *   node scripts/build.js --if-needed   builds both where the sources are not those of the last build
 *   node scripts/build.js --verifier    builds the verifier alone, for what only needs its types
 *   node scripts/build.js --client      builds the client alone, which the service does not need
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What a build is made of. A file is told by its content: copying, cloning and rolling back change the times of files. */
const SOURCES = [
  'src',
  'verifier/src',
  'config',
  'scripts/build.js',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'verifier/tsconfig.json',
  'verifier/tsconfig.cjs.json',
];
const SERVICE = 'tsconfig.build.json';
/** What a process or a thread starts with. */
const ENTRIES = ['main.ts', 'cli/admin.ts', 'cli/keys.ts', 'core/passwords/hash-worker.js'];
/**
 * bcrypt and sqlite3 have native parts, and Piscina's threads start from files of its own. pg-hstore is for a dialect of
 * Sequelize that is not used here, and is not installed.
 */
const NOT_BUNDLED = ['bcrypt', 'pg-hstore', 'piscina', 'sqlite3'];
/** For those who import it, and for those who require it. */
const VERIFIER = { 'verifier/tsconfig.json': '', 'verifier/tsconfig.cjs.json': 'cjs' };
const CLIENT = { 'client/tsconfig.json': '' };
/** What the service reads beside its code, as it stands in src. */
const FILES = ['mail/templates', 'pages/messages', 'pages/static', 'pages/templates'];
const STAMP = '.sources';
const SWAP_ATTEMPTS = 10;

const INSTALL = 'npm ci --include=dev && npm run build && npm prune --omit=dev';

/** A failure that has been printed already. */
class Reported extends Error {}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Reported)) throw error;
  process.exit(1);
}

/** @param {readonly string[]} args */
function main(args) {
  const fingerprint = fingerprintOfSources();
  const built = readIfThere(join(ROOT, 'dist', STAMP));
  const isComplete = built !== undefined && existsSync(join(ROOT, 'verifier/dist/core.js'));
  const ifNeeded = args.includes('--if-needed');
  if (ifNeeded && isComplete && built === fingerprint) return;

  const compiler = findCompiler();
  if (compiler === undefined && ifNeeded && isComplete) {
    console.error(
      `The sources have changed since the last build, which runs all the same: TypeScript is not installed. To build: ${INSTALL}`,
    );
    return;
  }
  if (compiler === undefined) {
    console.error(
      `${isComplete ? 'This cannot be built' : 'Nothing is built here yet'}: TypeScript is not installed, as after npm ci with NODE_ENV=production. Run once: ${INSTALL}`,
    );
    process.exit(1);
  }
  console.error('Building …');
  if (args.includes('--client')) return build('client/dist', (next) => compile(compiler, CLIENT, next));
  build('verifier/dist', (next) => {
    compile(compiler, VERIFIER, next);
    writeFileSync(join(next, 'cjs/package.json'), '{ "type": "commonjs" }\n');
  });
  if (args.includes('--verifier')) return;
  // Checking types is most of the work, and a start does not need it.
  if (!ifNeeded) runCompiler(compiler, ['-p', join(ROOT, SERVICE)]);
  build('dist', (next) => {
    bundle(next, fingerprint);
    keepChunks(built, next);
    writeFileSync(join(next, STAMP), fingerprint);
  });
}

/**
 * Builds beside what is there and swaps once that has succeeded, so that a running server never finds half a build, and
 * nothing is left of sources that are gone.
 * @param {string} directory
 * @param {(next: string) => void} make
 */
function build(directory, make) {
  const target = join(ROOT, directory);
  // Of this process: npm start and npm run admin may build at the same time.
  const next = `${target}.next-${process.pid}`;
  try {
    make(next);
    swap(next, target);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

/**
 * @param {string} compiler
 * @param {Readonly<Record<string, string>>} projects each with the directory in `directory` that it is compiled to
 * @param {string} directory
 */
function compile(compiler, projects, directory) {
  for (const [project, part] of Object.entries(projects))
    runCompiler(compiler, ['-p', join(ROOT, project), '--outDir', join(directory, part)]);
}

/**
 * @param {string} compiler
 * @param {readonly string[]} args
 */
function runCompiler(compiler, args) {
  const { status } = spawnSync(process.execPath, [compiler, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Reported();
}

/**
 * Bundles the service and its packages into a few files: with a file for each module, Node takes twice as long to start.
 * @param {string} directory
 * @param {string} fingerprint
 */
function bundle(directory, fingerprint) {
  const source = join(ROOT, 'src');
  const isThere = (/** @type {string} */ path) => existsSync(join(source, path));
  const { buildSync } = /** @type {typeof import('esbuild')} */ (require('esbuild'));
  const options = /** @type {import('esbuild').BuildOptions} */ ({
    entryPoints: ENTRIES.filter(isThere).map((path) => join(source, path)),
    outbase: source,
    outdir: directory,
    // One directory down, as src/config/beside-code.ts is: what it finds is relative to its own place.
    chunkNames: `${chunksOf(fingerprint)}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    external: NOT_BUNDLED,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // CommonJS packages call `require`, which ES modules do not have.
    banner: {
      js: "import { createRequire as createBundleRequire } from 'node:module';\nconst require = createBundleRequire(import.meta.url);",
    },
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  try {
    buildSync(options);
  } catch (error) {
    throw error instanceof Error && 'errors' in error ? new Reported() : error;
  }
  for (const path of FILES.filter(isThere))
    cpSync(join(source, path), join(directory, path), { recursive: true });
}

/**
 * The directory of what programs share, in `dist`.
 * @param {string} fingerprint
 */
function chunksOf(fingerprint) {
  return `chunks-${fingerprint.slice(0, 8)}`;
}

/**
 * Keeps those of the build before this one: a server that runs goes on loading from them what it loads on demand.
 * @param {string | undefined} built the fingerprint of that build
 * @param {string} next
 */
function keepChunks(built, next) {
  if (built === undefined) return;
  const [kept, copy] = [join(ROOT, 'dist', chunksOf(built)), join(next, chunksOf(built))];
  if (existsSync(kept) && !existsSync(copy)) cpSync(kept, copy, { recursive: true });
}

/**
 * A directory that is not empty cannot be replaced in one step, so it is moved away first. Another build may put its own
 * there in between: then that one is moved away too.
 * @param {string} next
 * @param {string} target
 */
function swap(next, target) {
  const previous = `${target}.old-${process.pid}`;
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(target)) renameSync(target, previous);
      renameSync(next, target);
      rmSync(previous, { recursive: true, force: true });
      return;
    } catch (error) {
      rmSync(previous, { recursive: true, force: true });
      if (attempt === SWAP_ATTEMPTS) throw error;
    }
  }
}

function findCompiler() {
  try {
    const manifest = require.resolve('typescript/package.json', { paths: [ROOT] });
    // It comes and goes with the same packages.
    require.resolve('esbuild', { paths: [ROOT] });
    return join(manifest, '..', 'bin/tsc');
  } catch {
    return undefined;
  }
}

function fingerprintOfSources() {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of filesOf(source))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(ROOT, file)))
        .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesOf(path) {
  if (!existsSync(join(ROOT, path))) return [];
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  const names = readdirSync(join(ROOT, path)).sort();
  return names.flatMap((name) => filesOf(`${path}/${name}`));
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
