import { feature } from '../feature.ts';
import { cookieRoutes } from './routes.ts';
import { createSessionCodes } from './session-codes.ts';

/** What pages of a browser need in addition, whose session has a cookie. */
export const cookies = feature({
  routes: cookieRoutes,
  create: (core) => ({ services: { sessions: core.sessions, sessionCodes: createSessionCodes(core) } }),
});
