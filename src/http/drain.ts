import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { whenOver } from './exchange.ts';

export interface Drain {
  /** Whether `drain` has been called. */
  readonly isDraining: () => boolean;
  /** Refuses new connections, lets requests in flight finish for so long, then closes what is left. */
  readonly drain: (withinMilliseconds: number) => Promise<void>;
}

const GRACE_MILLISECONDS = 250;

/**
 * Knows the requests in flight on `server`, so that it can be stopped without cutting one off. `release` is called for those
 * that wait for something to happen.
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

  async function drain(withinMilliseconds: number): Promise<void> {
    draining = true;
    // The close of http.Server would also cut idle connections, on which a request may be under way this instant.
    NetServer.prototype.close.call(server);
    for (const res of inFlight) closeAfter(res);
    release();
    // A client that keeps a connection open may be sending on it this instant: it is told to close it.
    await lasting(Math.min(GRACE_MILLISECONDS, withinMilliseconds));
    if (inFlight.size > 0) await settled(withinMilliseconds);
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

function lasting(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Tells the client that this connection takes no further request. */
function closeAfter(res: ServerResponse): void {
  if (!res.headersSent) res.setHeader('Connection', 'close');
}
