import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';

export interface Drain {
  /** Whether `drain` has been called. */
  readonly isDraining: () => boolean;
  /** Refuses new connections, lets requests in flight finish for so long, then closes what is left. */
  readonly drain: (withinMilliseconds: number) => Promise<void>;
}

/** Counts the requests in flight on `server`, so that it can be stopped without cutting one off. */
export function createDrain(server: Server): Drain {
  let draining = false;
  let inFlight = 0;
  let allAnswered = () => {};

  server.prependListener('request', (_req, res) => {
    inFlight++;
    if (draining) res.setHeader('Connection', 'close');
    res.once('close', () => {
      inFlight--;
      if (inFlight === 0) allAnswered();
    });
  });

  async function drain(withinMilliseconds: number): Promise<void> {
    draining = true;
    // The close of http.Server would also cut idle connections, on which a request may be under way this instant.
    NetServer.prototype.close.call(server);
    if (inFlight > 0) {
      await new Promise<void>((resolve) => {
        allAnswered = resolve;
        setTimeout(resolve, withinMilliseconds).unref();
      });
    }
    server.closeAllConnections();
  }

  return { isDraining: () => draining, drain };
}
