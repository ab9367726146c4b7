import { feature } from '../feature.ts';
import { gatewayRoutes } from './routes.ts';

/** What gateways and other services verify tokens with. */
export const gateway = feature({
  routes: gatewayRoutes,
  create: ({ keys }) => ({ services: { jwks: JSON.stringify(keys.jwks) } }),
});
