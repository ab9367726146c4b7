import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Run } from './benchmark.ts';

const SAMPLE_INTERVAL_MILLISECONDS = 500;
const QUICK_SAMPLE_INTERVAL_MILLISECONDS = 50;

export interface MemorySample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly megabytes: number;
}

/** Notes again and again how much memory a process occupies (RSS). */
export function watchMemory({ quick, defer }: Run, pid: number): readonly MemorySample[] {
  const samples: MemorySample[] = [];
  const interval = quick ? QUICK_SAMPLE_INTERVAL_MILLISECONDS : SAMPLE_INTERVAL_MILLISECONDS;
  const timer = setInterval(async () => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
    samples.push({ at: Date.now(), megabytes: Number(stdout) / 1024 });
  }, interval);
  defer(() => clearInterval(timer));
  return samples;
}
