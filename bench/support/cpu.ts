import { readFileSync } from 'node:fs';

/**
 * CPU time that one thread has had so far, in milliseconds: by default the first one of a process, which is the one that
 * runs JavaScript. Only Linux tells; elsewhere this is NaN, and so is what is made of it.
 */
export function cpuMilliseconds(pid: number, thread = pid): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    return Number.NaN;
  }
}
