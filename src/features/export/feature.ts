import { feature } from '../feature.ts';
import { createExport } from './export.ts';
import { exportRoutes } from './routes.ts';

/** What is kept of a user, for them to take along. */
export const dataExport = feature({
  routes: exportRoutes,
  create: (core) => ({ services: { exportUser: createExport(core) } }),
});
