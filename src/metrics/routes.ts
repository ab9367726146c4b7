import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { readBearerToken } from '../http/authenticate.ts';

/** The text that Prometheus reads. */
export type Scrape = () => Promise<string>;

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const WANTED = 'Send METRICS_TOKEN as the bearer token.';

/** GET /metrics, for whoever sends the token; without a token, for everybody who reaches the port. */
export function metricsRoutes(scrape: Scrape, token: string | undefined): Router {
  const router = Router();

  router.get('/metrics', onlyWith(token), async (_req, res) => {
    res.set('Content-Type', CONTENT_TYPE).send(await scrape());
  });

  return router;
}

function onlyWith(token: string | undefined): RequestHandler {
  return (req, _res, next) => {
    const given = readBearerToken(req);
    if (token !== undefined && !isEqual(given ?? '', token)) {
      throw new AppError(given === undefined ? 'token_missing' : 'token_invalid', WANTED);
    }
    next();
  };
}

/** Hashed first, since only equal lengths can be compared in constant time. */
function isEqual(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
