import { feature } from '../feature.ts';
import { createFeed } from './feed.ts';
import { revocationRoutes } from './routes.ts';

/** Tells services that verify tokens themselves what has been revoked. */
export const revocations = feature({
  routes: revocationRoutes,
  create: ({ store, revocationLog, follower, clock }) => ({
    services: { feed: createFeed({ store, log: revocationLog, follower, clock }) },
  }),
});
