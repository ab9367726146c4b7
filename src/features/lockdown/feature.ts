import { feature } from '../feature.ts';
import { createLockdown } from './lockdown.ts';
import { lockdownRoutes } from './routes.ts';

/** The way out for people into whose account somebody else has got. */
export const lockdown = feature({
  routes: lockdownRoutes,
  create: (core) => ({
    services: { lockdown: createLockdown(core) },
    // There would be no way to another password.
    ...(!core.outbox.has('email') && { closed: { lockDownMe: 'channel_not_configured' } as const }),
  }),
});
