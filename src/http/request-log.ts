import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { serializeError } from '../logger.ts';
import { requestIdOf } from './request-id.ts';

/** Asked every few seconds by whatever runs the service. */
const PROBES: readonly unknown[] = ['/healthz', '/readyz'];

/**
 * One line a request: id, method, path, status, duration. Never headers, bodies or the query string, since those
 * are where passwords and tokens travel.
 */
export function requestLog(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (_req, res) => requestIdOf(res as Response),
    // Wrapped serializers would get errors with all their properties copied already.
    wrapSerializers: false,
    serializers: {
      err: (error) => serializeError(error),
      req: (req: { id: string; method: string; url: string }) => ({
        id: req.id,
        method: req.method,
        path: req.url.split('?', 1)[0],
      }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
    customLogLevel: (req, res) =>
      res.statusCode >= 500 ? 'error' : PROBES.includes(req.url) ? 'debug' : 'info',
    // The problem handler logs the cause; a second copy here would say less.
    customErrorObject: (_req, _res, _error, line) => ({ ...line, err: undefined }),
  });
}
