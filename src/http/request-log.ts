import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { clientRequestIdOf, requestIdOf } from './request-id.ts';
import { routeOf } from './route-table.ts';
import { whenOver } from './when-over.ts';

/** What the log tells of a request. */
export interface Answer {
  readonly id: string;
  /** What the caller calls it. */
  readonly clientRequestId: string | undefined;
  readonly method: string;
  readonly route: string | null;
  readonly status: number;
  readonly milliseconds: number;
  /** The client went away before its answer. */
  readonly aborted?: boolean;
}

/** Asked every few seconds by whatever runs the service. */
const PROBES: readonly (string | null)[] = ['/healthz', '/readyz', '/metrics'];

/**
 * One line a request: its id and that of the caller, method, route, status, duration. The route is the pattern that matched: paths and query
 * strings as they were sent, headers and bodies are where passwords and tokens travel, wanted or by mistake.
 */
export function requestLog(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const begunAt = performance.now();
    whenOver(res, () => {
      logAnswer(logger, {
        id: requestIdOf(res as Response),
        clientRequestId: clientRequestIdOf(req),
        method: req.method,
        route: routeOf(req),
        status: res.statusCode,
        milliseconds: performance.now() - begunAt,
        aborted: !res.writableFinished,
      });
    });
    next();
  };
}

/** The one line of a request. */
export function logAnswer(
  logger: Logger,
  { id, clientRequestId, method, route, status, milliseconds, aborted }: Answer,
): void {
  const req = { id, client_request_id: clientRequestId, method };
  const line = { req, route, res: { status }, responseTime: Math.round(milliseconds) };
  if (aborted) logger.info(line, 'request aborted');
  else if (status === 503) logger.warn(line, 'request refused for now');
  else if (status >= 500) logger.error(line, 'request failed');
  else if (PROBES.includes(route)) logger.debug(line, 'request completed');
  else logger.info(line, 'request completed');
}
