import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../core/errors.ts';
import type { MountedRoute } from './mount.ts';
import { createPipeline } from './pipeline.ts';
import { createRefusal, problemHandler } from './problem.ts';
import { requestId } from './request-id.ts';
import { requestLog } from './request-log.ts';
import { createRouteTable } from './route-table.ts';
import { securityHeaders } from './security-headers.ts';

/** A few routes alone, for a port that the public does not reach: without limits, and nobody can log in. */
export function createPlainApp(
  routes: readonly MountedRoute[],
  options: { readonly publicUrl: string; readonly logger: Logger },
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestId());
  app.use(requestLog(options.logger));
  app.use(securityHeaders());
  app.use(
    createPipeline({
      table: createRouteTable(routes),
      authenticate: () => {
        throw new AppError('token_invalid');
      },
      limit: async () => {},
      crossOrigin: undefined,
      refuse: createRefusal(options),
    }),
  );
  app.use(problemHandler(options));
  return app;
}
