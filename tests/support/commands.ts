import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import type { Run } from './server-process.ts';

/** What a command finds besides its arguments. */
export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on its standard input. */
  readonly input?: string | undefined;
}

type Command = (args: readonly string[], surroundings: Surroundings) => Promise<number>;

/** Runs a built program in a directory as an operator would. */
export async function runProgram(
  program: string,
  directory: string,
  args: readonly string[],
  { env = {}, input = '' }: Given = {},
): Promise<Run> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  // A command that does not want the input closes it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode: code ?? -1, stdout, stderr };
}

/** Runs a command in this process, for all that is not about a process, which takes a second to start. */
export async function runHere(
  command: Command,
  directory: string,
  args: readonly string[],
  { env = {}, input = '' }: Given = {},
): Promise<Run> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = { stdin: Readable.from([input]), stdout, stderr };
  const exitCode = await inDirectory(directory, () => command(args, { environment: () => env, streams }));
  for (const output of [stdout, stderr]) output.end();
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
}

/** Relative paths of a configuration are those of the process's directory. */
export async function inDirectory<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  const ours = process.cwd();
  process.chdir(directory);
  try {
    return await work();
  } finally {
    process.chdir(ours);
  }
}
