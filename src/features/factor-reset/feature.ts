import { feature } from '../feature.ts';
import { createFactorReset } from './reset.ts';
import { factorResetRoutes } from './routes.ts';

/** What an administrator does for a user who has lost their second factors. */
export const factorReset = feature({
  routes: factorResetRoutes,
  create: (core) => ({ services: { resetFactors: createFactorReset(core) } }),
});
