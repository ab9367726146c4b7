import { feature } from '../feature.ts';
import { createAccounts } from './accounts.ts';
import { accountRoutes } from './routes.ts';

/** Signing up, and what users do with their own account. */
export const accounts = feature({
  routes: accountRoutes,
  create: (core) => ({
    services: { accounts: createAccounts(core) },
    ...(core.config.signupDisabled && { closed: { signup: 'signup_disabled' } as const }),
  }),
});
