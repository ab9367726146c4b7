import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Run } from './benchmark.ts';

const SAMPLE_INTERVAL_MILLISECONDS = 500;

export interface MemorySample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly megabytes: number;
}

/** Notes every half second how much memory a process occupies (RSS). */
export function watchMemory({ defer }: Run, pid: number): readonly MemorySample[] {
  const samples: MemorySample[] = [];
  const timer = setInterval(async () => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
    samples.push({ at: Date.now(), megabytes: Number(stdout) / 1024 });
  }, SAMPLE_INTERVAL_MILLISECONDS);
  defer(() => clearInterval(timer));
  return samples;
}
