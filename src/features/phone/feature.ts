import { feature } from '../feature.ts';
import { createPhoneNumbers } from './phone.ts';
import { phoneRoutes } from './routes.ts';

/** The phone number of an account. */
export const phone = feature({
  routes: phoneRoutes,
  create: (core) => ({
    services: { phoneNumbers: createPhoneNumbers(core) },
    ...(!core.outbox.has('sms') && { closed: { changePhone: 'channel_not_configured' } as const }),
  }),
});
