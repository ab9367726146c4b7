import { feature } from '../feature.ts';
import { devOutboxRoutes } from './routes.ts';

/** Shows messages where no channel sends them, so that everything can be tried without a provider. */
export const devOutbox = feature({
  routes: devOutboxRoutes,
  create: ({ outbox }) => ({
    services: { outbox },
    ...(!outbox.keepsSent && { closed: { devOutbox: 'not_found' } as const }),
  }),
});
