import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { besideCode } from '../../config/beside-code.ts';
import { AppError } from '../errors.ts';
import type { CompareTask, HashTask } from './hash-worker.js';

export interface HashThreadsOptions {
  /** Threads, each of which hashes one password at a time. */
  readonly workers: number;
  /** How far the thread that answers requests goes before these, 0 to 19. */
  readonly niceness: number;
  /** Called for a thread that could not start; the others do its work. */
  readonly onThreadError?: (error: Error) => void;
}

export interface HashThreads {
  readonly run: <Result>(task: HashTask | CompareTask) => Promise<Result>;
  /** Starts all threads and resolves once they have loaded what they need: the first logins then do not wait for that. */
  readonly warm: () => Promise<void>;
  /** Gives up the hashes that still wait or run. */
  readonly close: () => Promise<void>;
}

/** Linux has a niceness for each thread; elsewhere it would be that of the whole process, or nothing. */
const HAS_NICE_THREADS = process.platform === 'linux';

const KEEP_ALIVE_MILLISECONDS = 1_000;

/** The lowest that bcrypt knows, a millisecond. */
const MIN_COST = 4;

/** Starts no thread yet: each starts with `warm` or when it is first needed, and stays. */
export function createHashThreads({ workers, niceness, onThreadError }: HashThreadsOptions): HashThreads {
  const pool = new Piscina({
    filename: besideCode('core/passwords/hash-worker.js'),
    minThreads: 0,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    niceIncrement: HAS_NICE_THREADS ? niceness : 0,
    recordTiming: false,
  });
  // Without a listener it would end the process.
  pool.on('error', (error: Error) => onThreadError?.(error));
  let closing = false;
  const loading = new Map<Worker, Promise<unknown>>();
  noteThreads();

  async function run<Result>(task: HashTask | CompareTask): Promise<Result> {
    try {
      const result = pool.run(task);
      noteThreads();
      return await result;
    } catch (error) {
      // Work that is given up at a stop is not an error of the service.
      throw closing ? new AppError('overloaded', undefined, { cause: error }) : error;
    }
  }

  /** A thread's first message says that it has loaded; one that cannot load just ends. */
  function noteThreads(): void {
    for (const thread of pool.threads) {
      if (loading.has(thread)) continue;
      loading.set(
        thread,
        Promise.race([once(thread, 'message'), once(thread, 'exit')]).catch(() => {}),
      );
    }
  }

  async function warm(): Promise<void> {
    // The pool starts a thread for each piece of work that finds none free.
    const tasks = Array.from({ length: workers }, () => run({ kind: 'hash', text: '', cost: MIN_COST }));
    // Threads do not keep a process alive, and at its start nothing else may: Node would exit with code 13.
    const keepAlive = setInterval(() => {}, KEEP_ALIVE_MILLISECONDS);
    await Promise.allSettled([...tasks, ...loading.values()]);
    clearInterval(keepAlive);
  }

  /** Node 20 aborts where a thread is stopped while it loads modules, so each may load to the end. */
  async function close(): Promise<void> {
    closing = true;
    noteThreads();
    for (const thread of pool.threads) thread.ref();
    await Promise.all(loading.values());
    await pool.destroy();
  }

  return { run, warm, close };
}
