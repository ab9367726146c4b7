import { type RequestHandler, type Response, Router } from 'express';
import { requireScope } from '../http/caller.ts';
import { parse } from '../http/parse.ts';
import type { Feed, FeedPage } from './feed.ts';
import { FeedQuery, presentFeedPage } from './schemas.ts';

export interface RevocationRouteDependencies {
  readonly feed: Feed;
  readonly authenticate: RequestHandler;
}

export function revocationRoutes({ feed, authenticate }: RevocationRouteDependencies): Router {
  const router = Router();
  const bodyOf = createBodies();

  router.get('/revocations', authenticate, requireScope('revocations:read'), async (req, res) => {
    const { after, wait } = parse(FeedQuery, req.query);
    const begunAt = performance.now();
    const page = await feed.read(after, wait, untilClosed(res));
    // What of the time between request and answer was none of the network's.
    res.set('Server-Timing', `wait;dur=${Math.floor(performance.now() - begunAt)}`);
    res.type('json').send(bodyOf(page));
  });

  return router;
}

/** A page that many are given is written down once. */
function createBodies(): (page: FeedPage) => Buffer {
  const bodies = new WeakMap<FeedPage, Buffer>();
  return (page) => {
    const body = bodies.get(page) ?? Buffer.from(JSON.stringify(presentFeedPage(page)));
    bodies.set(page, body);
    return body;
  };
}

/** Aborted when the connection is closed: then nobody waits any more. */
function untilClosed(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => controller.abort());
  return controller.signal;
}
