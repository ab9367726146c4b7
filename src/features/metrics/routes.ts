import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type Express, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../../core/errors.ts';
import { readBearerToken } from '../../http/authenticate.ts';
import { problemHandler } from '../../http/problem.ts';
import { requestId } from '../../http/request-id.ts';
import { requestLog } from '../../http/request-log.ts';
import type { Route } from '../../http/route.ts';
import { securityHeaders } from '../../http/security-headers.ts';

/** The text that Prometheus reads. */
export type Scrape = () => Promise<string>;

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const WANTED = 'Send METRICS_TOKEN as the bearer token.';

/** GET /metrics, for whoever sends the token; without a token, for everybody who reaches the port. */
export function metricsRoutes(scrape: Scrape, token: string | undefined): readonly Route[] {
  const answer = answerWith(scrape);
  return [
    {
      method: 'GET',
      path: '/metrics',
      access: { authenticate: requireTokenOf(token) },
      handle: (_req, res) => answer(res),
    },
  ];
}

export interface MetricsAppDependencies {
  readonly scrape: Scrape;
  readonly token: string | undefined;
  readonly publicUrl: string;
  readonly logger: Logger;
}

/** GET /metrics alone, for a port that the public does not reach. */
export function createMetricsApp({ scrape, token, publicUrl, logger }: MetricsAppDependencies): Express {
  const requireToken = requireTokenOf(token);
  const answer = answerWith(scrape);
  const app = express();
  app.disable('x-powered-by');
  app.use(requestId());
  app.use(requestLog(logger));
  app.use(securityHeaders());
  app.get('/metrics', async (req, res) => {
    await requireToken(req);
    await answer(res);
  });
  app.use(() => {
    throw new AppError('not_found');
  });
  app.use(problemHandler(publicUrl, logger));
  return app;
}

function answerWith(scrape: Scrape) {
  return async (res: Response): Promise<void> => {
    res.set('Content-Type', CONTENT_TYPE).send(await scrape());
  };
}

function requireTokenOf(token: string | undefined) {
  return async (req: Request): Promise<void> => {
    const given = readBearerToken(req);
    if (token !== undefined && !isEqual(given ?? '', token)) {
      throw new AppError(given === undefined ? 'token_missing' : 'token_invalid', WANTED);
    }
  };
}

/** Hashed first, since only equal lengths can be compared in constant time. */
function isEqual(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
