import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Run } from './benchmark.ts';

const SAMPLE_INTERVAL_MILLISECONDS = 500;
const QUICK_SAMPLE_INTERVAL_MILLISECONDS = 50;

export interface MemorySample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly megabytes: number;
}

/** Notes again and again how much memory a process occupies (RSS), as long as it lives. */
export function watchMemory({ quick, defer }: Run, pid: number): readonly MemorySample[] {
  const samples: MemorySample[] = [];
  const interval = quick ? QUICK_SAMPLE_INTERVAL_MILLISECONDS : SAMPLE_INTERVAL_MILLISECONDS;
  const timer = setInterval(async () => {
    const asking = promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
    const { stdout } = await asking.catch(() => ({ stdout: '' }));
    if (stdout === '') clearInterval(timer);
    else samples.push({ at: Date.now(), megabytes: Number(stdout) / 1024 });
  }, interval);
  defer(() => clearInterval(timer));
  return samples;
}

/** As node --expose-gc does, so that the benchmark starts like every other one. */
export function exposeGarbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** The memory that this process retains. */
export function bytesInUse(collectGarbage: () => void): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Less is noise, and a process may even give memory back meanwhile. */
const LEAST_MEGABYTES = 0.01;

export function growthMegabytes(before: number, after: number): number {
  return Math.max(LEAST_MEGABYTES, after - before);
}
