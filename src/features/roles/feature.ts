import { createStore } from '../../db/store.ts';
import { feature } from '../feature.ts';
import { createPermissions } from './permissions.ts';
import { createRoles } from './roles.ts';
import { roleRoutes } from './routes.ts';
import { roleStoresOf } from './stores.ts';

/** Permissions, and the roles that hold them. */
export const roles = feature({
  routes: roleRoutes,
  create({ database, clock, follower, events }) {
    const store = createStore(database, roleStoresOf);
    const { announce } = follower;
    return {
      services: {
        roles: createRoles({ store, announce, clock }),
        permissions: createPermissions({ store, announce, clock, emit: events.emit }),
      },
    };
  },
});
