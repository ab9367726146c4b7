import { createReauthenticate } from '../../core/sign-in/reauthenticate.ts';
import { feature } from '../feature.ts';
import { reauthenticationRoutes } from './routes.ts';

/** Proving again who one is, within a session: step-up authentication. */
export const reauthentication = feature({
  routes: reauthenticationRoutes,
  create: (core) => ({ services: { reauthenticate: createReauthenticate(core) } }),
});
