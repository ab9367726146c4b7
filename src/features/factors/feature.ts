import { feature } from '../feature.ts';
import { createFactorLogin } from './factor-login.ts';
import { createFactors } from './factors.ts';
import { factorRoutes } from './routes.ts';

/** Second factors: setting them up, and signing in with them. */
export const factors = feature({
  routes: factorRoutes,
  create(core) {
    const factors = createFactors(core);
    return {
      services: { factors, factorLogin: createFactorLogin(core) },
      housekeeping: [factors.housekeeping],
    };
  },
});
