import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const BUILT = new URL('../../dist/passwords/hash-workers.js', import.meta.url).href;

/** Stops the threads again and again while they are being started, in a process of its own. */
const PROGRAM = `
  const { createHashWorkers } = await import(${JSON.stringify(BUILT)});
  const options = { workers: 2, maxWaitMilliseconds: 1000, bcryptCost: 4, monotonic: () => performance.now() };
  for (let round = 0; round < 100; round++) {
    const workers = createHashWorkers(options);
    await new Promise((resolve) => setTimeout(resolve, 15 + (round % 60) / 2));
    await workers.close();
  }
  console.log('still there');
`;

describe('The threads that hash', () => {
  it('can be stopped while they start without taking the process down', async () => {
    const args = ['--input-type=module', '--eval', PROGRAM];

    const { stdout } = await promisify(execFile)(process.execPath, args);

    expect(stdout).toBe('still there\n');
  });
});
