import { feature } from '../feature.ts';
import { createApiKeys, forgetOldKeys } from './api-keys.ts';
import { apiKeyRoutes } from './routes.ts';

/** Keys that users make for their programs. */
export const apiKeys = feature({
  routes: apiKeyRoutes,
  create({ store, follower, clock }) {
    return {
      services: { apiKeys: createApiKeys({ store, announce: follower.announce, clock }) },
      housekeeping: [() => forgetOldKeys(store, clock)],
    };
  },
});
