import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';

/** What a figure means nothing without. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${type()} ${release()} ${arch()}`,
  };
}
