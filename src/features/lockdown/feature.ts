import { feature } from '../feature.ts';
import { createLockdown } from './lockdown.ts';
import { lockdownRoutes } from './routes.ts';

/** For people into whose account someone else has got. */
export const lockdown = feature({
  routes: lockdownRoutes,
  create: (core) => ({
    services: { lockdown: createLockdown(core) },
    // Without mail there would be no way to another password.
    ...(!core.outbox.has('email') && { closed: { lockDownMe: 'channel_not_configured' } as const }),
  }),
});
