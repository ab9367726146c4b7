import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Run } from './benchmark.ts';

export interface Program {
  readonly port: number;
  readonly pid: number;
  /** Where it was started. */
  readonly directory: string;
  /** All that it was given, for a command that has to find the same database. */
  readonly env: Readonly<Record<string, string>>;
}

const SERVER = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));
const START_MILLISECONDS = 30_000;
const START_CHECK_MILLISECONDS = 20;

/** Starts the built service in an empty directory; its environment holds nothing but what is given here. */
export function startLatchkey(run: Run, env: Record<string, string> = {}): Promise<Program> {
  return start(run, SERVER, { RATE_LIMITS: 'off', ...env });
}

/** Starts one of the programs in bench/peers. */
export function startPeer(run: Run, file: string, env: Record<string, string> = {}): Promise<Program> {
  return start(run, join(PEERS, file), env);
}

/**
 * The output goes to a file: a benchmark that read it line by line would take time from what it measures, and a pipe
 * that is not read would stop the program.
 */
async function start({ defer }: Run, script: string, env: Record<string, string>): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const outputFile = join(directory, 'output');
  const output = openSync(outputFile, 'a');
  const child = spawn(process.execPath, [script], {
    cwd: directory,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  defer(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    // Where it was several processes, the others notice it a moment later, and may still write.
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  const givenUpAt = performance.now() + START_MILLISECONDS;
  while (performance.now() < givenUpAt && child.exitCode === null) {
    // The service and the peers alike say where they are; before it listens the service knows only PORT=0.
    const port = /http:\/\/[^:/\s]+:([1-9]\d*)/.exec(readFileSync(outputFile, 'utf8'))?.[1];
    if (port !== undefined && child.pid !== undefined)
      return { port: Number(port), pid: child.pid, directory, env };
    await sleep(START_CHECK_MILLISECONDS);
  }
  throw new Error(`${script} did not start:\n${readFileSync(outputFile, 'utf8')}`);
}
