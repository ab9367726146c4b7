import { feature } from '../feature.ts';
import { PAGE_IDS, pageRoutes } from './routes.ts';
import { createServices } from './services.ts';

/** Pages for people: signing in and up, and their accounts. */
export const pages = feature({
  routes: pageRoutes,
  create(core) {
    const { pages, docsEnabled } = core.config;
    const closedIds = [
      ...(pages.enabled ? [] : PAGE_IDS),
      // Without the other pages it leads to the docs.
      ...(pages.enabled || docsEnabled ? [] : ['home']),
    ];
    return {
      services: createServices(core),
      closed: Object.fromEntries(closedIds.map((id) => [id, 'not_found'] as const)),
    };
  },
});
