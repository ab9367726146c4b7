import { feature } from '../feature.ts';
import { createChangePassword } from './change-password.ts';
import { createPasswordLogin } from './login.ts';
import { passwordRoutes } from './routes.ts';

/** Signing in with a password, and changing it. */
export const password = feature({
  routes: passwordRoutes,
  create: (core) => ({
    services: {
      login: createPasswordLogin(core),
      changePassword: createChangePassword(core),
      passwords: core.passwords,
    },
  }),
});
