import { feature } from '../feature.ts';
import { createLogout } from './logout.ts';
import { sessionRoutes } from './routes.ts';

/** How sessions go on, are listed and end. How they begin is the business of each way to sign in. */
export const sessions = feature({
  routes: sessionRoutes,
  create: (core) => ({ services: { sessions: core.sessions, logOut: createLogout(core) } }),
});
