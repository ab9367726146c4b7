import { feature } from '../feature.ts';
import { createPasskeyManagement } from './own-passkeys.ts';
import { passkeyRoutes } from './routes.ts';
import { createPasskeySignIn } from './sign-in.ts';

/** Passkeys (WebAuthn): signing in with them, and those of an account. */
export const passkeys = feature({
  routes: passkeyRoutes,
  create(core) {
    const { rpId, origins } = core.config.passkeys;
    return {
      services: {
        passkeySignIn: createPasskeySignIn(core),
        passkeyManagement: createPasskeyManagement(core),
        rpId,
        // Apps are proved by files of their own, which their makers serve.
        webOrigins: origins.filter((origin) => origin.startsWith('http')),
      },
    };
  },
});
