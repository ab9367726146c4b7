import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { runProgram } from '../support/commands.ts';
import { useDirectories } from '../support/directories.ts';
import type { Run } from '../support/server-process.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const OF_CHECKOUT = [
  'scripts/build.js',
  'tsconfig.json',
  'tsconfig.build.json',
  'verifier/tsconfig.json',
  'verifier/tsconfig.cjs.json',
];

/** What a build says while it is at work; a start that has nothing to build says nothing. */
const BUILDING = 'Building …\n';

const newDirectory = useDirectories();

/** A checkout with the script and the settings of this one, and two sources. */
function checkout({ typescript = true } = {}): string {
  const directory = newDirectory();
  for (const file of OF_CHECKOUT) cpSync(join(CHECKOUT, file), join(directory, file));
  write(directory, 'package.json', '{"type":"module"}');
  write(directory, 'verifier/src/core.ts', 'export const verifier: number = 1;\n');
  write(directory, 'src/main.ts', 'console.log("one");\n');
  write(directory, 'src/cli/keys.ts', 'console.log("keys");\n');
  if (typescript) symlinkSync(join(CHECKOUT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

let built: Promise<string> | undefined;

/** The same once it is built: a copy of one that is built for all tests, since a build takes most of a second. */
async function builtCheckout(): Promise<string> {
  built ??= buildOnce();
  const directory = newDirectory();
  cpSync(await built, directory, { recursive: true, verbatimSymlinks: true });
  return directory;
}

async function buildOnce(): Promise<string> {
  const directory = checkout();
  expect(await build(directory)).toMatchObject({ exitCode: 0, stderr: BUILDING });
  return directory;
}

function write(directory: string, file: string, content: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), content);
}

function build(directory: string, ...args: string[]): Promise<Run> {
  return runProgram(join(directory, 'scripts/build.js'), directory, args);
}

async function outputOf(directory: string, program = 'main.js'): Promise<string> {
  return (await runProgram(join(directory, 'dist', program), directory, [])).stdout;
}

/** What a build leaves of itself is only what it made. */
function outputDirectories(directory: string): string[] {
  return ['', 'verifier'].flatMap((parent) =>
    readdirSync(join(directory, parent)).filter((name) => name.startsWith('dist')),
  );
}

describe('The build', () => {
  it('is done once: as long as no source changes it is left alone, whatever the times of the files', async () => {
    const directory = checkout();
    expect(await build(directory, '--if-needed')).toMatchObject({ exitCode: 0, stderr: BUILDING });
    const { ino } = statSync(join(directory, 'dist'));

    // As after a clone, a copy or a roll-back.
    utimesSync(join(directory, 'src/main.ts'), new Date(), new Date(Date.now() + 3_600_000));
    expect(await build(directory, '--if-needed')).toEqual({ exitCode: 0, stdout: '', stderr: '' });

    expect(statSync(join(directory, 'dist')).ino).toBe(ino);
    expect(await outputOf(directory)).toBe('one\n');
  });

  it.each([
    ['src/main.ts', 'console.log("two");\n', 'two\n'],
    ['verifier/src/core.ts', 'export const verifier: number = 2;\n', 'one\n'],
    ['config/environment.cjs', 'module.exports = {};\n', 'one\n'],
  ])('is done again once %s has changed, although only where needed', async (file, content, output) => {
    const directory = await builtCheckout();
    const { ino } = statSync(join(directory, 'dist'));

    write(directory, file, content);
    await build(directory, '--if-needed');

    expect(statSync(join(directory, 'dist')).ino).not.toBe(ino);
    expect(await outputOf(directory)).toBe(output);
    if (file.startsWith('verifier')) {
      expect(readFileSync(join(directory, 'verifier/dist/core.js'), 'utf8')).toContain('verifier = 2');
    }
  });

  it('puts what several programs share in one file, which still finds what lies beside the code', async () => {
    const directory = await builtCheckout();
    cpSync(join(CHECKOUT, 'src/config/beside-code.ts'), join(directory, 'src/config/beside-code.ts'));
    const printed = `import { besideCode } from '%/config/beside-code.ts';\nconsole.log(besideCode('mail'));\n`;
    write(directory, 'src/main.ts', printed.replace('%', '.'));
    write(directory, 'src/cli/keys.ts', printed.replace('%', '..'));

    await build(directory);

    expect(await outputOf(directory)).toBe(`${join(directory, 'dist/mail')}\n`);
    expect(await outputOf(directory, 'cli/keys.js')).toBe(`${join(directory, 'dist/mail')}\n`);
  });

  it('runs when the packages that went into it are gone', async () => {
    const directory = checkout();
    write(directory, 'src/main.ts', `import { parse } from 'cookie';\nconsole.log(parse('one=1').one);\n`);

    await build(directory);
    rmSync(join(directory, 'node_modules'));

    expect(await outputOf(directory)).toBe('1\n');
  });

  it('keeps what a running server may still load, until the build after the next', async () => {
    const directory = await builtCheckout();
    const chunks = () => readdirSync(join(directory, 'dist')).filter((name) => name.startsWith('chunks-'));
    const buildWith = async (text: string) => {
      write(directory, 'src/later.ts', `export const text = '${text}';\n`);
      await build(directory);
    };
    write(directory, 'src/main.ts', `console.log((await import('./later.ts')).text);\n`);

    await buildWith('one');
    const [first = ''] = chunks();
    await buildWith('two');
    const afterSecond = chunks();
    await buildWith('three');

    expect(afterSecond).toEqual(expect.arrayContaining([first]));
    expect(afterSecond).toHaveLength(2);
    expect(chunks()).not.toContain(first);
    expect(await outputOf(directory)).toBe('three\n');
  });

  it('has the templates of messages beside the code', async () => {
    const directory = await builtCheckout();
    write(directory, 'src/mail/templates/en/a.eta', 'Subject: A\n');

    await build(directory);

    expect(readFileSync(join(directory, 'dist/mail/templates/en/a.eta'), 'utf8')).toBe('Subject: A\n');
  });

  it('leaves nothing of a source that is gone', async () => {
    const directory = await builtCheckout();
    expect(readdirSync(join(directory, 'dist'))).toContain('cli');

    rmSync(join(directory, 'src/cli'), { recursive: true });
    await build(directory, '--if-needed');

    expect(readdirSync(join(directory, 'dist'))).not.toContain('cli');
    expect(outputDirectories(directory)).toEqual(['dist', 'dist']);
  });

  it.each([
    ['a type is wrong', 'const wrong: number = "text";\n', []],
    ['the source cannot be parsed', 'const wrong = ;\n', ['--if-needed']],
  ])(
    'leaves the previous build as it was when %s, for the server that runs it',
    async (_what, source, args) => {
      const directory = await builtCheckout();

      write(directory, 'src/main.ts', source);
      const { exitCode, stdout, stderr } = await build(directory, ...args);

      expect(exitCode).toBe(1);
      expect(stdout + stderr).toContain('src/main.ts');
      expect(await outputOf(directory)).toBe('one\n');
      expect(outputDirectories(directory)).toEqual(['dist', 'dist']);
    },
  );

  it('does not check types when it is only needed for a start', async () => {
    const directory = await builtCheckout();
    write(directory, 'src/main.ts', 'const two: number = "two";\nconsole.log(two);\n');

    const { exitCode } = await build(directory, '--if-needed');

    expect(exitCode).toBe(0);
    expect(await outputOf(directory)).toBe('two\n');
  });

  it('of two commands at the same time is whole after either', async () => {
    const directory = checkout();

    const runs = await Promise.all([build(directory), build(directory), build(directory)]);

    expect(runs.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      Array(3).fill({ exitCode: 0, stderr: BUILDING }),
    );
    expect(readdirSync(join(directory, 'dist')).sort()).toEqual([
      '.sources',
      'cli',
      'main.js',
      'main.js.map',
    ]);
    expect(outputDirectories(directory)).toEqual(['dist', 'dist']);
  });

  it('of the verifier alone leaves the service as it was', async () => {
    const directory = checkout();

    await build(directory, '--verifier');

    expect(outputDirectories(directory)).toEqual(['dist']);
    expect(readdirSync(join(directory, 'verifier/dist'))).toEqual(
      expect.arrayContaining(['core.d.ts', 'core.js']),
    );
  });
});

describe('Without TypeScript, as after npm ci with NODE_ENV=production', () => {
  it.each([[[]], [['--if-needed']]])('%j says what to do where nothing is built', async (args) => {
    const { exitCode, stderr } = await build(checkout({ typescript: false }), ...args);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('Nothing is built here yet: TypeScript is not installed');
    expect(stderr).toContain('npm ci --include=dev && npm run build && npm prune --omit=dev');
  });

  it('runs what is built, in silence where it fits the sources and with a word where it does not', async () => {
    const directory = await builtCheckout();
    rmSync(join(directory, 'node_modules'));

    expect(await build(directory, '--if-needed')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    write(directory, 'src/main.ts', 'console.log("two");\n');
    const { exitCode, stdout, stderr } = await build(directory, '--if-needed');

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toContain('The sources have changed since the last build');
    expect(await outputOf(directory)).toBe('one\n');
    expect((await build(directory)).exitCode).toBe(1);
  });
});

describe('package.json', () => {
  const { scripts, dependencies } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));

  it.each(['start', 'admin', 'keys'])('lets npm run %s build only where it is needed', (name) => {
    expect(scripts[`pre${name}`]).toBe('node scripts/build.js --if-needed');
  });

  it('installs what applies migrations also without the packages for development', () => {
    expect(dependencies).toHaveProperty('sequelize-cli');
  });
});
