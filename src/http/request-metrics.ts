import type { RequestHandler } from 'express';
import { routeOf } from './route-table.ts';
import { whenOver } from './when-over.ts';

export interface Measurement {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** What nginx calls it when a client goes away before its answer. */
export const CLIENT_CLOSED_REQUEST = 499;

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Measures each request from its headers to the end of its answer. What callers invent never becomes a label. */
export function measureRequests(observe: (measurement: Measurement) => void): RequestHandler {
  return (req, res, next) => {
    const begunAt = performance.now();
    whenOver(res, () => {
      const method = METHODS.includes(req.method) ? req.method : 'other';
      const seconds = (performance.now() - begunAt) / 1000;
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      observe({ method, route: routeOf(req) ?? 'none', status, seconds });
    });
    next();
  };
}
