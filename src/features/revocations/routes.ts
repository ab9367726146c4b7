import { permission } from '../../http/access.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import type { Feed, FeedPage } from './feed.ts';
import { FeedAnswer, FeedQuery, presentFeedPage } from './schemas.ts';

const route = routesWith<{ readonly feed: Feed }>();

const REVOCATIONS: Tag = {
  name: 'Revocations',
  description: 'What services that verify tokens themselves follow',
};

export const revocationRoutes = [
  route({
    id: 'followRevocations',
    method: 'GET',
    path: '/revocations',
    tag: REVOCATIONS,
    summary: 'Follow revocations',
    description:
      'For services that verify tokens themselves; the package @latchkey/verifier does it for them. Without `after` it begins with all that is revoked at present.',
    access: permission('revocations:read'),
    query: FeedQuery,
    answers: {
      200: {
        description: 'The revocations since the cursor',
        headers: { 'Server-Timing': 'For how many milliseconds the service waited: wait;dur=4998' },
        schema: FeedAnswer,
      },
    },
    refuses: ['cursor_too_old'],
    async handle({ query, signal }, { feed }) {
      const begunAt = performance.now();
      const page = await feed.read(query.after, query.wait, signal());
      // How much of the time between request and answer was not the network's.
      const waitedMilliseconds = Math.floor(performance.now() - begunAt);
      return {
        status: 200 as const,
        headers: { 'Server-Timing': `wait;dur=${waitedMilliseconds}` },
        content: { mediaType: 'application/json; charset=utf-8', bytes: bytesOf(page) },
      };
    },
  }),
];

/** Many followers may be given one page, which is serialized once. */
const bytes = new WeakMap<FeedPage, Buffer>();

function bytesOf(page: FeedPage): Buffer {
  const made = bytes.get(page) ?? Buffer.from(JSON.stringify(presentFeedPage(page)));
  bytes.set(page, made);
  return made;
}
