import { type RequestHandler, type Response, Router } from 'express';
import { requireScope } from '../http/caller.ts';
import { parse } from '../http/parse.ts';
import type { Feed } from './feed.ts';
import { FeedQuery, presentFeedPage } from './schemas.ts';

export interface RevocationRouteDependencies {
  readonly feed: Feed;
  readonly authenticate: RequestHandler;
}

export function revocationRoutes({ feed, authenticate }: RevocationRouteDependencies): Router {
  const router = Router();

  router.get('/revocations', authenticate, requireScope('revocations:read'), async (req, res) => {
    const { after, wait } = parse(FeedQuery, req.query);
    res.json(presentFeedPage(await feed.read(after, wait, untilClosed(res))));
  });

  return router;
}

/** Aborted when the connection is closed: then nobody waits any more. */
function untilClosed(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => controller.abort());
  return controller.signal;
}
