import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { serializeError } from '../logger.ts';
import { requestIdOf } from './request-id.ts';
import { routeOf } from './route.ts';

/** Asked every few seconds by whatever runs the service. */
const PROBES: readonly unknown[] = ['/healthz', '/readyz', '/metrics'];

/**
 * One line a request: id, method, route, status, duration. The route is the pattern that matched: paths and query
 * strings as they were sent, headers and bodies are where passwords and tokens travel, wanted or by mistake.
 */
export function requestLog(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (_req, res) => requestIdOf(res as Response),
    // Wrapped serializers would get errors with all their properties copied already.
    wrapSerializers: false,
    serializers: {
      err: (error) => serializeError(error),
      req: (req: { id: string; method: string }) => ({ id: req.id, method: req.method }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
    customProps: (_req, res) => (res.writableEnded ? { route: routeOf((res as Response).req) } : {}),
    customLogLevel: (_req, res) => {
      if (res.statusCode >= 500) return 'error';
      return PROBES.includes(routeOf((res as Response).req)) ? 'debug' : 'info';
    },
    // The problem handler logs the cause; a second copy here would say less.
    customErrorObject: (_req, _res, _error, line) => ({ ...line, err: undefined }),
  });
}
