import { feature } from '../feature.ts';
import { createEmail } from './email.ts';
import { emailRoutes } from './routes.ts';

/** The email address of an account: its proof and its change. */
export const email = feature({
  routes: emailRoutes,
  create: (core) => ({
    services: { email: createEmail(core) },
    ...(!core.outbox.has('email') && {
      closed: {
        resendEmailVerification: 'channel_not_configured',
        changeEmail: 'channel_not_configured',
      } as const,
    }),
  }),
});
