import { feature } from '../feature.ts';
import { createApiKeys, forgetOldKeys } from './api-keys.ts';
import { apiKeyRoutes } from './routes.ts';

/** Keys that users make for their programs. */
export const apiKeys = feature({
  routes: apiKeyRoutes,
  create({ store, follower, keys, clock }) {
    return {
      services: {
        apiKeys: createApiKeys({ store, announce: follower.announce, secret: keys.refreshing[0], clock }),
      },
      housekeeping: [() => forgetOldKeys(store, clock)],
    };
  },
});
