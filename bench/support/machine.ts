import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Hardware and load, without which a figure means nothing. To be called before anything runs. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    /** Threads that wanted to run in the minute before: more than a few tenths, and the figures are off. */
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
    node: process.version,
    system: `${type()} ${release()} ${arch()}`,
  };
}
