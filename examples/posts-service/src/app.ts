import type { Verifier } from '@latchkey/verifier';
import express, { type Express } from 'express';
import { allowPages } from './cors.ts';
import type { Posts } from './posts.ts';
import { refuseMethodsOtherThan, refuseUnknownPath, sendProblem } from './problem.ts';
import { postRoutes } from './routes.ts';

export function createApp(posts: Posts, verifier: Verifier, corsOrigins: readonly string[]): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    // Another user of the same cache must not find these posts there.
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(allowPages(corsOrigins));
  app.get('/healthz', (_req, res) => {
    const { isStale = false, lagMilliseconds = 0 } = verifier.revocations ?? {};
    res
      .status(isStale ? 503 : 200)
      .json({ status: isStale ? 'stale' : 'ok', revocation_lag_milliseconds: Math.round(lagMilliseconds) });
  });
  app.all('/healthz', refuseMethodsOtherThan('GET, HEAD'));
  app.use(postRoutes(posts, verifier));
  app.use(refuseUnknownPath, sendProblem);
  return app;
}
