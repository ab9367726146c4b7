import type { Config } from '../../config/config.ts';
import { feature } from '../feature.ts';
import { createAccounts } from './accounts.ts';
import { accountRoutes } from './routes.ts';

/** Signing up, and what users do with their own account. */
export const accounts = feature({
  routes: accountRoutes,
  create: (core) => ({
    services: { accounts: createAccounts(core), mode: modeOf(core.config.codes) },
    ...(core.config.signupDisabled && { closed: { signup: 'signup_disabled' } as const }),
  }),
});

function modeOf({ hidesKnownAddresses, requireVerifiedEmail }: Config['codes']) {
  if (hidesKnownAddresses) return 'hidden';
  return requireVerifiedEmail ? 'unverified' : 'open';
}
