import { feature } from '../feature.ts';
import { cookieRoutes } from './routes.ts';

/** What pages of a browser need in addition, whose session has a cookie. */
export const cookies = feature({
  routes: cookieRoutes,
  create: ({ sessions }) => ({ services: { sessions } }),
});
