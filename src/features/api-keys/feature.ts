import { feature } from '../feature.ts';
import { createApiKeys, forgetOldKeys } from './api-keys.ts';
import { apiKeyRoutes } from './routes.ts';

/** Keys that users make for their programs. */
export const apiKeys = feature({
  routes: apiKeyRoutes,
  create({ store, follower, keys, clock }) {
    return {
      services: {
        apiKeys: createApiKeys({ store, announce: follower.announce, secret: keys.appSecrets[0], clock }),
      },
      on: {
        // It is no reason against the deletion: a key may never do more than the roles of its owner.
        async 'permission.deleted'({ name }, { apiKeys: keys }) {
          await keys.takePermission(name);
          return [];
        },
      },
      housekeeping: [() => forgetOldKeys(store, clock)],
    };
  },
});
