import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import { examplePath } from './example-file.ts';
import { collectOutput } from './output.ts';

const PROGRAM = fileURLToPath(new URL('./python/verify.py', import.meta.url));

/** What examples/python/latchkey.py makes of a call. */
export interface PythonAnswer {
  readonly result?: unknown;
  /** Of a VerificationError. */
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Any other exception. */
  readonly raised?: string;
}

/** Nothing of the developer's own, and nothing written beside the programs. */
export function pythonEnvironment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1', ...env };
}

/** One Python with examples/python/latchkey.py for the suite at hand. Calls are answered in their order. */
export function useLatchkeyPy(python: string) {
  let process: ReturnType<typeof startPython>;
  let made = 0;
  beforeAll(() => {
    process = startPython(python);
  });
  afterAll(() => process.end());

  return {
    call: (command: string, parameters: object = {}) => process.call(command, parameters),
    /** What it has said on standard error. */
    log: () => process.output.stderr,
    /** A verifier, and what it says of tokens. */
    async verifier(options: object) {
      const name = `verifier-${made++}`;
      const on = (command: string, parameters: object = {}) => process.call(command, { name, ...parameters });
      const { raised } = await on('make', { options });
      if (raised !== undefined) throw new Error(raised);
      return {
        ready: (timeout: number | null = null) => on('ready', { timeout }),
        verify: (token: string) => on('verify', { token }),
        /** The code that it refuses the token with, or undefined. */
        codeOf: async (token: string) => {
          const { code, raised } = await on('verify', { token });
          return code ?? raised;
        },
        authorize: (headers: readonly string[], needs: object = {}) => on('authorize', { headers, ...needs }),
        lagSeconds: async () => Number((await on('lag')).result),
        close: () => on('close'),
      };
    },
  };
}

export type PythonVerifier = Awaited<ReturnType<ReturnType<typeof useLatchkeyPy>['verifier']>>;

function startPython(python: string) {
  const child = spawn(python, [PROGRAM], { env: pythonEnvironment({ PYTHONPATH: examplePath('python') }) });
  const output = collectOutput(child);
  const waiting: { resolve: (answer: PythonAnswer) => void; reject: (error: Error) => void }[] = [];
  const closed = once(child, 'close').then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`Python ended: ${output.stderr}`));
  });
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  // Once it has ended, that is what calls are told.
  child.stdin.on('error', () => {});
  return {
    output,
    call: (command: string, parameters: object) =>
      new Promise<PythonAnswer>((resolve, reject) => {
        if (child.exitCode !== null) reject(new Error(`Python has ended: ${output.stderr}`));
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify([command, parameters])}\n`);
      }),
    end: () => {
      child.stdin.end();
      return closed;
    },
  };
}
