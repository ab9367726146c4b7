import { abortSignalOf } from '../../http/when-over.ts';
import { parse } from '../../http/parse.ts';
import type { Route } from '../../http/route.ts';
import type { Feed, FeedPage } from './feed.ts';
import { FeedQuery, presentFeedPage } from './schemas.ts';

export interface RevocationRouteDependencies {
  readonly feed: Feed;
}

export function revocationRoutes({ feed }: RevocationRouteDependencies): readonly Route[] {
  const bodyOf = createBodies();

  return [
    {
      method: 'GET',
      path: '/revocations',
      access: { permission: 'revocations:read' },
      async handle(req, res) {
        const { after, wait } = parse(FeedQuery, req.query);
        const begunAt = performance.now();
        const page = await feed.read(after, wait, abortSignalOf(res));
        // What of the time between request and answer was none of the network's.
        res.set('Server-Timing', `wait;dur=${Math.floor(performance.now() - begunAt)}`);
        res.type('json').send(bodyOf(page));
      },
    },
  ];
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
