import { feature } from '../feature.ts';
import { createLogout } from './logout.ts';
import { sessionRoutes } from './routes.ts';

/** Refreshing, listing and ending sessions. They begin in the features that sign users in. */
export const sessions = feature({
  routes: sessionRoutes,
  create: (core) => ({
    services: { sessions: core.sessions, secondFactors: core.secondFactors, logOut: createLogout(core) },
  }),
});
