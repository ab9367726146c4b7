import { feature } from '../feature.ts';
import { createClients } from './clients.ts';
import { clientRoutes } from './routes.ts';

/** The administration of machine clients. The endpoints they call themselves are in the feature oauth. */
export const clients = feature({
  routes: clientRoutes,
  create({ store, sessions, clock }) {
    const clients = createClients({ store, revoking: sessions, clock });
    return { services: { clients }, on: { 'permission.deleted': clients.takePermission } };
  },
});
