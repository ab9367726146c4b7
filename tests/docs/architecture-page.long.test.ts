import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');

describe('How to add a capability, in docs/ARCHITECTURE.md', () => {
  const newDirectory = useDirectories();
  let copy: string;

  beforeAll(() => {
    copy = newDirectory();
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    for (const file of listed.trim().split('\n')) {
      if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(copy, file));
    }
    for (const made of ['node_modules', 'verifier/dist']) symlinkSync(join(ROOT, made), join(copy, made));
    const section = PAGE.split('\n## How to add a capability\n')[1] ?? '';
    for (const [, file = '', text = ''] of section.matchAll(/```[jt]s\n\/\/ (\S+)\n([\s\S]*?)```/g)) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), text);
    }
    for (const [, file = '', lines = ''] of section.matchAll(/```diff\n--- (\S+)\n([\s\S]*?)\n```/g)) {
      const path = join(copy, file);
      writeFileSync(path, apply(readFileSync(path, 'utf8'), lines.split('\n'), file));
    }
  });

  it.each([
    ['compiles', 'tsc', ['--noEmit']],
    ['is formatted', 'biome', ['check', '--vcs-enabled=false', 'src', 'tests/notes', 'migrations']],
    // The verifier is that of this checkout, and so at another path.
    [
      'keeps to the import rules',
      'depcruise',
      ['--config', '.dependency-cruiser.cjs', '--do-not-follow', 'node_modules|verifier/dist', 'src'],
    ],
    ['is all that the generated files need', 'tsx', ['scripts/generate.ts']],
  ])('%s', async (_what, program, args) => {
    await inCopy(join(ROOT, 'node_modules/.bin', program), args);
  });

  it('works, by its own tests and in the matrix of callers', async () => {
    const jest = ['--experimental-vm-modules', join(ROOT, 'node_modules/jest/bin/jest.js'), '--maxWorkers=1'];

    await inCopy(process.execPath, [
      ...jest,
      'tests/notes',
      'tests/authorization/matrix',
      'tests/scripts/generated',
    ]);
  });

  async function inCopy(program: string, args: readonly string[]): Promise<void> {
    const run = promisify(execFile)(program, [...args], { cwd: copy, maxBuffer: 2 ** 26 });
    await run.catch(({ stdout, stderr }) => {
      throw new Error(`${stdout}${stderr}`);
    });
  }
});

/** Puts each line that begins with + behind the line of the text that stands before it. */
function apply(text: string, lines: readonly string[], file: string): string {
  const before = text.split('\n');
  const after: string[] = [];
  let at = 0;
  for (const line of lines) {
    if (line.startsWith('+')) {
      after.push(line.slice(1));
      continue;
    }
    const found = before.indexOf(line.slice(1), at);
    expect({ file, line, isThere: found >= 0 }).toEqual({ file, line, isThere: true });
    after.push(...before.slice(at, found + 1));
    at = found + 1;
  }
  return [...after, ...before.slice(at)].join('\n');
}
