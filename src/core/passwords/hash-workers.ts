import { expectedHashMilliseconds } from '../../config/passwords.ts';
import { createFairQueue, type FairQueue, type QueueObserver, type Turn } from './fair-queue.ts';
import { createHashThreads, type HashThreads, type HashThreadsOptions } from './hash-threads.ts';
import type { CompareTask, HashTask } from './hash-worker.js';

export interface HashWorkersOptions extends HashThreadsOptions {
  /** A hash that is not done by then, waiting included, is refused. */
  readonly maxWaitMilliseconds: number;
  readonly bcryptCost: number;
  readonly monotonic: () => number;
  readonly observer?: QueueObserver;
  /** Threads that are there already, for others as well: `close` leaves them alone. */
  readonly threads?: HashThreads | undefined;
}

/** Threads that do the work of bcrypt. `turn` is the client of a request, since clients take turns, or its place. */
export interface HashWorkers
  extends Pick<FairQueue, 'reserve' | 'hasRoom' | 'refuse'>,
    Pick<HashThreads, 'warm' | 'close'> {
  /** @throws AppError overloaded */
  readonly hash: (turn: Turn, task: HashTask) => Promise<string>;
  /** @throws AppError overloaded */
  readonly compare: (turn: Turn, task: CompareTask) => Promise<boolean>;
  /** How many passwords wait for a thread. */
  readonly waiting: () => number;
  readonly running: () => number;
}

/** Starts no thread yet: each starts with `warm` or when it is first needed, and stays. */
export function createHashWorkers(options: HashWorkersOptions): HashWorkers {
  const { workers, maxWaitMilliseconds, bcryptCost, monotonic, observer } = options;
  const { run, warm, close } = options.threads
    ? { ...options.threads, close: async () => {} }
    : createHashThreads(options);
  const queue = createFairQueue({
    slots: workers,
    maxWaitMilliseconds,
    expectedMilliseconds: expectedHashMilliseconds(bcryptCost),
    monotonic,
    ...(observer && { observer }),
  });

  return {
    hash: (turn, task) => queue.run(turn, () => run<string>(task)),
    compare: (turn, task) => queue.run(turn, () => run<boolean>(task)),
    reserve: queue.reserve,
    hasRoom: queue.hasRoom,
    refuse: queue.refuse,
    waiting: queue.waiting,
    running: queue.running,
    warm,
    close,
  };
}
