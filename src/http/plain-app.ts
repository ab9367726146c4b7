import type { Express } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../core/errors.ts';
import type { MountedRoute } from './mount.ts';
import { createPipeline } from './pipeline.ts';
import { createErrorResponder } from './problem.ts';
import { createRequestLog } from './request-log.ts';

/**
 * A few routes alone, for a port that the public does not reach: without limits, and no token of the service is valid.
 */
export function createPlainApp(
  routes: readonly MountedRoute[],
  options: { readonly publicUrl: string; readonly logger: Logger },
): Express {
  const { app } = createPipeline({
    routes,
    trustProxy: 0,
    authenticate: () => {
      throw new AppError('token_invalid');
    },
    limit: async () => {},
    crossOrigin: undefined,
    requestLog: createRequestLog(options.logger),
    refuse: createErrorResponder(options),
  });
  return app;
}
