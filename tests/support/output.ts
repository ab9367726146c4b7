import type { ChildProcessWithoutNullStreams } from 'node:child_process';

/** Everything that a process has written so far. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects what a process writes; the object that it returns grows with that. */
export function collectOutput(child: ChildProcessWithoutNullStreams): Output {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  return output;
}
