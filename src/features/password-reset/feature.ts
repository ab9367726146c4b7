import { feature } from '../feature.ts';
import { createResetByAdmin } from './by-admin.ts';
import { createPasswordReset } from './password-reset.ts';
import { createResetLinks } from './reset-links.ts';
import { passwordResetRoutes } from './routes.ts';

/** Another password for people who have forgotten theirs. */
export const passwordReset = feature({
  routes: passwordResetRoutes,
  create(core) {
    const { store, passwords, sessions, clock, outbox } = core;
    const { minLength: minPasswordLength } = core.config.passwords;
    return {
      services: {
        passwordReset: createPasswordReset(core),
        resetByAdmin: createResetByAdmin({
          store,
          passwords,
          sessions,
          clock,
          linkOf: createResetLinks(core.config),
        }),
        passwords,
        minPasswordLength,
      },
      ...(!outbox.has('email') && { closed: { forgotPassword: 'channel_not_configured' } as const }),
    };
  },
});
