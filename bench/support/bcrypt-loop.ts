import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Run } from './benchmark.ts';

const LOOP = fileURLToPath(new URL('../peers/bcrypt-loop.mjs', import.meta.url));

/** Starts threads that compare passwords on demand: comparisons per second over the given number of milliseconds. */
export function startBcryptLoop(
  { defer }: Run,
  options: { readonly threads: number; readonly cost: number },
): (milliseconds: number) => Promise<number> {
  const child = spawn(process.execPath, [LOOP], {
    env: { THREADS: String(options.threads), COST: String(options.cost) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  defer(() => {
    child.kill('SIGKILL');
  });
  const ended = once(child, 'exit').then(() => undefined);
  const lines = createInterface(child.stdout);
  return async (milliseconds) => {
    child.stdin.write(`${milliseconds}\n`);
    const answer = await Promise.race([once(lines, 'line'), ended]);
    if (answer === undefined) throw new Error('the bcrypt loop ended');
    return Number(answer[0]);
  };
}
