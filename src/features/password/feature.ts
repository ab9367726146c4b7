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
      async userInSession(token) {
        if (token === undefined || core.apiKeys.isKey(token)) return undefined;
        const principal = await core.authenticate(token);
        return principal.kind === 'user' && principal.sessionId !== null ? principal.userId : undefined;
      },
    },
  }),
});
