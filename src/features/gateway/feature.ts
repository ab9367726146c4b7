import { feature } from '../feature.ts';
import { gatewayRoutes } from './routes.ts';

/** Verification of tokens for gateways and other services. */
export const gateway = feature({
  routes: gatewayRoutes,
  create: ({ keys }) => ({ services: { jwks: JSON.stringify(keys.jwks) } }),
});
