import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { ConfigError } from '../config/config.ts';

export interface Processes {
  /** The port that all of them share. */
  readonly port: number;
  /** Asks all to stop, cuts off those that do not within the given time, and resolves when none is left. */
  readonly stop: (withinMilliseconds: number) => Promise<void>;
}

/** Messages of the primary process to the workers. */
const STOP = 'latchkey:stop';

const MIN_RESTART_MILLISECONDS = 100;
const MAX_RESTART_MILLISECONDS = 10_000;
/** A process that ran for this long did not fail at its start. */
const STABLE_MILLISECONDS = 30_000;

/**
 * Runs `count` processes that share the port, and starts another one whenever one ends. Resolves when all listen.
 * @throws Error where one ends before it has ever listened; its exit code is in `exitCode`
 */
export async function startProcesses(count: number, logger: Logger): Promise<Processes> {
  const serving = new WeakSet<Worker>();
  let stopping = false;
  let restartMilliseconds = MIN_RESTART_MILLISECONDS;

  function fork(isFirst = false): Worker {
    const worker = cluster.fork();
    const begunAt = performance.now();
    let hasListened = false;
    worker.once('listening', () => {
      hasListened = true;
      serving.add(worker);
    });
    // A message to a process that has died fails, also one of node:cluster itself; the event `exit` reports the death.
    worker.on('error', (err) => logger.debug({ err }, 'could not send a message to a worker process'));
    worker.once('exit', (code, signal) => {
      // A start that fails ends all, see below.
      if (stopping || (isFirst && !hasListened)) return;
      logger.error({ pid: worker.process.pid, exit_code: code, signal }, 'a process ended: starting another');
      if (performance.now() - begunAt > STABLE_MILLISECONDS) restartMilliseconds = MIN_RESTART_MILLISECONDS;
      setTimeout(() => !stopping && fork(), restartMilliseconds);
      restartMilliseconds = Math.min(2 * restartMilliseconds, MAX_RESTART_MILLISECONDS);
    });
    return worker;
  }

  async function stop(withinMilliseconds: number): Promise<void> {
    stopping = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of workers) {
      if (serving.has(worker) && worker.isConnected()) worker.send(STOP);
      // One that is still starting hears no message, and the signal just ends it.
      else worker.process.kill('SIGTERM');
    }
    const timer = setTimeout(() => {
      for (const worker of workers) worker.process.kill('SIGKILL');
    }, withinMilliseconds);
    await Promise.all(ended);
    clearTimeout(timer);
  }

  const first = Array.from({ length: count }, () => fork(true));
  try {
    const [port = 0] = await Promise.all(first.map(listening));
    return { port, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/** In a worker process: calls `stop` when it is asked to end. */
export function onStopRequest(stop: () => void): void {
  process.on('message', (message) => {
    if (message === STOP) stop();
  });
}

/** The port, as soon as the process listens. */
function listening(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('listening', ({ port }) => resolve(port));
    worker.once('exit', (code) => reject(new StartError(code)));
  });
}

/** A process ended before it listened, and has said why. */
export class StartError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('a worker process failed to start; see its log');
    this.name = 'StartError';
    this.exitCode = exitCode === ConfigError.exitCode ? exitCode : 1;
  }
}
