import { createSeal } from '../../core/tokens/seal.ts';
import { feature } from '../feature.ts';
import { createIdentities } from './identities.ts';
import { createLinking } from './linking.ts';
import { createOwnerOf } from './owner.ts';
import { createPendingSignIns } from './pending.ts';
import { socialRoutes } from './routes.ts';
import { createSocialSignIn } from './sign-in.ts';

/** Signing in at providers, and the accounts there that are linked to an account here. */
export const social = feature({
  routes: socialRoutes,
  create(core) {
    const { appSecrets } = core.keys;
    const tokenSeal = createSeal(appSecrets, 'provider tokens');
    const linking = createLinking(core, tokenSeal);
    const identities = createIdentities(core, linking, tokenSeal);
    const pendingSignIns = createPendingSignIns(createSeal(appSecrets, 'social sign-in'), core.clock);
    const ownerOf = createOwnerOf(core, linking);
    return {
      services: {
        identities,
        socialSignIn: createSocialSignIn(core, { pendingSignIns, ownerOf, identities }),
      },
    };
  },
});
