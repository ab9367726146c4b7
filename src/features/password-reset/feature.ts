import { createStore } from '../../db/store.ts';
import { feature } from '../feature.ts';
import { createPasswordReset, forgetExpiredTokens } from './password-reset.ts';
import { passwordResetRoutes } from './routes.ts';
import { resetStoresOf } from './stores.ts';

/** Another password for people who have forgotten theirs. */
export const passwordReset = feature({
  routes: passwordResetRoutes,
  create({ config, database, passwords, sessions, clock }) {
    const store = createStore(database, resetStoresOf);
    const { resetUrl } = config.passwords;
    return {
      services: { passwordReset: createPasswordReset({ store, passwords, sessions, clock, resetUrl }) },
      housekeeping: [() => forgetExpiredTokens(store, clock)],
    };
  },
});
