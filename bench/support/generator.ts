import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Load, Outcome, RequestTemplate } from '../load/load.ts';
import type { Run } from './benchmark.ts';
import type { Program } from './programs.ts';

const GENERATOR = fileURLToPath(new URL('../load/generator.ts', import.meta.url));

/** Sends a load and answers with what came of it. `pid` is the process that does it. */
export type Generator = ((load: Load) => Promise<readonly Outcome[]>) & { readonly pid: number };

/** Starts a load generator, which runs one load at a time. */
export function startGenerator({ defer }: Run): Generator {
  const child = fork(GENERATOR, { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
  let settle:
    | { resolve: (outcomes: readonly Outcome[]) => void; reject: (reason: Error) => void }
    | undefined;
  child.on('message', (outcomes) => settle?.resolve(outcomes as readonly Outcome[]));
  child.on('exit', () => settle?.reject(new Error('the load generator ended')));
  defer(() => {
    child.kill('SIGKILL');
  });
  const generate = (load: Load) =>
    new Promise<readonly Outcome[]>((resolve, reject) => {
      settle = { resolve, reject };
      child.send(load);
    });
  return Object.assign(generate, { pid: child.pid ?? 0 });
}

/** One kind of request to one program. */
export type Traffic = (timing: Omit<Load, 'port' | 'request'>) => Promise<readonly Outcome[]>;

export function createTraffic(
  generate: Generator,
  { port }: Pick<Program, 'port'>,
  request: RequestTemplate,
): Traffic {
  return (timing) => generate({ port, request, ...timing });
}
