import { feature } from '../feature.ts';
import { metricsRoutes } from './routes.ts';

/** The metrics on the public port, where METRICS_TOKEN keeps them from the public. */
export const metrics = feature({
  routes: metricsRoutes,
  create({
    scrape,
    config: {
      metrics: { token },
    },
  }) {
    return {
      services: { scrape, token },
      ...(token === undefined && { closed: { metrics: 'not_found' } as const }),
    };
  },
});
