import { feature } from '../feature.ts';
import { createFeed } from './feed.ts';
import { revocationRoutes } from './routes.ts';

/** The feed of revocations for services that verify tokens themselves. */
export const revocations = feature({
  routes: revocationRoutes,
  create: ({ store, revocationLog, follower, clock }) => ({
    services: { feed: createFeed({ store, log: revocationLog, follower, clock }) },
  }),
});
