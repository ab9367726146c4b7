import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { closeAfter, whenOver } from './when-over.ts';

export interface Drain {
  /** Whether `drain` has been called. */
  readonly isDraining: () => boolean;
  /**
   * Announces the stop at /readyz and goes on for `delayMilliseconds`, in which balancers turn elsewhere. Then refuses
   * new connections, gives requests in flight `withinMilliseconds` to finish, and closes what is left.
   */
  readonly drain: (withinMilliseconds: number, delayMilliseconds?: number) => Promise<void>;
}

/** For clients that could not know of the stop: one that keeps a connection open may be sending on it this instant. */
const GRACE_MILLISECONDS = 250;

/**
 * Tracks the requests in flight on `server`, so that it can be stopped without cutting one off. `release` is called for
 * those that wait for something to happen.
 */
export function createDrain(server: Server, release: () => void = () => {}): Drain {
  const inFlight = new Set<ServerResponse>();
  let draining = false;
  let allAnswered = () => {};

  server.prependListener('request', (_req, res) => {
    inFlight.add(res);
    if (draining) closeAfter(res);
    whenOver(res, () => {
      inFlight.delete(res);
      if (inFlight.size === 0) allAnswered();
    });
  });

  async function drain(withinMilliseconds: number, delayMilliseconds = 0): Promise<void> {
    draining = true;
    // Connections that a balancer goes on using meanwhile are closed cleanly, each after an answer.
    for (const res of inFlight) closeAfter(res);
    if (delayMilliseconds > 0) await delay(delayMilliseconds);
    const closed = new Promise<void>((resolve) => server.once('close', resolve));
    // The close of http.Server would also cut idle connections, on which a request may be under way this instant.
    NetServer.prototype.close.call(server);
    release();
    const until = performance.now() + withinMilliseconds;
    // Then idle connections are closed: to wait until they time out would take longer than a stop may.
    await Promise.race([closed, delay(Math.min(GRACE_MILLISECONDS, withinMilliseconds))]);
    if (inFlight.size > 0) await settled(until - performance.now());
    server.closeAllConnections();
  }

  function settled(withinMilliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      allAnswered = resolve;
      setTimeout(resolve, withinMilliseconds).unref();
    });
  }

  return { isDraining: () => draining, drain };
}
