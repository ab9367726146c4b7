import { feature } from '../feature.ts';
import { createClients } from './clients.ts';
import { clientRoutes } from './routes.ts';

/** Machine clients, for administrators. What a client does by itself is OAuth. */
export const clients = feature({
  routes: clientRoutes,
  create({ store, sessions, clock }) {
    const clients = createClients({ store, revoking: sessions, clock });
    return { services: { clients }, on: { 'permission.deleted': clients.takePermission } };
  },
});
