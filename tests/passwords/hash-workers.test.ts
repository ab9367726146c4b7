import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { createHashWorkers, type HashWorkers } from '../../src/core/passwords/hash-workers.ts';
import { times } from '../support/extent.ts';

const LIVE_COST = 6;
const TEXT = 'vexing quartz';

const STOPS = times(15, 100);
const MODULE = new URL('../../src/core/passwords/hash-workers.ts', import.meta.url).href;

/** Stops the threads again and again while they are being started, in a process of its own. */
const PROGRAM = `
  const { register } = await import('tsx/esm/api');
  register();
  const { createHashWorkers } = await import(${JSON.stringify(MODULE)});
  const options = { workers: 2, maxWaitMilliseconds: 1000, niceness: 10, bcryptCost: 4, monotonic: () => performance.now() };
  for (let round = 0; round < ${STOPS}; round++) {
    const workers = createHashWorkers(options);
    workers.warm();
    await new Promise((resolve) => setTimeout(resolve, 15 + 30 * (round / ${STOPS})));
    await workers.close();
  }
  console.log('still there');
`;

/** The niceness of each thread of this process by its id, out of column 19 of `stat` (proc(5)). */
function nicenessOfThreads(): Map<string, number> {
  const threads = readdirSync('/proc/self/task');
  return new Map(threads.map((id) => [id, nicenessOf(id)] as const));
}

function nicenessOf(thread: string): number {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
  // Column 2 is a name that may hold spaces.
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(afterName[16]);
}

describe('hash workers', () => {
  const made: HashWorkers[] = [];

  afterEach(async () => {
    await Promise.all(made.splice(0).map((workers) => workers.close()));
  });

  function createWorkers(workers = 2, niceness = 0): HashWorkers {
    const options = { workers, maxWaitMilliseconds: 60_000, niceness, bcryptCost: LIVE_COST };
    const hashWorkers = createHashWorkers({ ...options, monotonic: () => performance.now() });
    made.push(hashWorkers);
    return hashWorkers;
  }

  function compareTask(bcryptHash: string, text = TEXT) {
    return { kind: 'compare', text, bcryptHash, workCost: LIVE_COST, mayMatch: true } as const;
  }

  it('have started and loaded all threads once they are warm', async () => {
    const threadsBefore = readdirSync('/proc/self/task').length;
    const workers = createWorkers(3);

    await workers.warm();

    // One thread has started by then in any case.
    expect(readdirSync('/proc/self/task').length - threadsBefore).toBeGreaterThanOrEqual(3);
    expect(workers.running()).toBe(0);
  });

  it('hash a text as bcrypt does, at the cost that was asked for', async () => {
    const workers = createWorkers();

    const hash = await workers.hash('client', { kind: 'hash', text: TEXT, cost: 5 });

    expect(hash).toMatch(/^\$2b\$05\$/);
    expect(bcrypt.compareSync(TEXT, hash)).toBe(true);
  });

  it('tell the right text from a wrong one, and never match where nothing may match', async () => {
    const workers = createWorkers();
    const hash = bcrypt.hashSync(TEXT, LIVE_COST);

    expect(await workers.compare('client', compareTask(hash))).toBe(true);
    expect(await workers.compare('client', compareTask(hash, 'vexing canoe'))).toBe(false);
    expect(await workers.compare('client', { ...compareTask(hash), mayMatch: false })).toBe(false);
  });

  it('do no more at once than there are threads, however many ask', async () => {
    const workers = createWorkers(2);
    const hash = bcrypt.hashSync(TEXT, LIVE_COST);

    const results = Array.from({ length: 9 }, (_, index) =>
      workers.compare(`client ${index % 3}`, compareTask(hash)).then((matches) => {
        expect(workers.running()).toBeLessThanOrEqual(2);
        return matches;
      }),
    );

    expect([workers.running(), workers.waiting()]).toEqual([2, 7]);
    expect(await Promise.all(results)).toEqual(Array(9).fill(true));
    expect([workers.running(), workers.waiting()]).toEqual([0, 0]);
  });

  it('leave the thread that answers requests free meanwhile', async () => {
    const workers = createWorkers(1);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);

    await workers.hash('client', { kind: 'hash', text: TEXT, cost: 11 });

    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  it('fail with what bcrypt says of a task that it does not take, and go on', async () => {
    const workers = createWorkers(1);

    await expect(workers.hash('client', { kind: 'hash', text: null as never, cost: 4 })).rejects.toThrow(
      /data/,
    );

    expect(await workers.compare('client', compareTask(bcrypt.hashSync(TEXT, LIVE_COST)))).toBe(true);
    expect([workers.running(), workers.waiting()]).toEqual([0, 0]);
  });

  (process.platform === 'linux' ? it : it.skip).each([7, 19])(
    'have the niceness %d where that is configured, and the thread that answers requests keeps its own',
    async (configured) => {
      const before = nicenessOfThreads();
      const workers = createWorkers(2, configured);
      await Promise.all([1, 2].map(() => workers.hash('client', { kind: 'hash', text: TEXT, cost: 8 })));

      const after = nicenessOfThreads();

      const nice = [...after].filter(([id, niceness]) => niceness === configured && !before.has(id));
      expect(nice).toHaveLength(2);
      expect(nicenessOf(String(process.pid))).toBe(before.get(String(process.pid)));
      expect(nicenessOf(String(process.pid))).toBeLessThan(configured);
    },
  );

  (process.platform === 'linux' ? it : it.skip)('end their threads when they are closed', async () => {
    const niceThreads = () => [...nicenessOfThreads().values()].filter((niceness) => niceness === 19).length;
    const before = niceThreads();
    const workers = createWorkers(2, 19);
    await Promise.all([1, 2].map(() => workers.hash('client', { kind: 'hash', text: TEXT, cost: 8 })));
    expect(niceThreads()).toBe(before + 2);

    await workers.close();

    expect(niceThreads()).toBe(before);
  });

  it('can be stopped while they start without taking the process down', async () => {
    const args = ['--input-type=module', '--eval', PROGRAM];

    const { stdout } = await promisify(execFile)(process.execPath, args);

    expect(stdout).toBe('still there\n');
  });
});
