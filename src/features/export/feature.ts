import { feature } from '../feature.ts';
import { createExport } from './export.ts';
import { exportRoutes } from './routes.ts';

/** The export of all data of a user (GDPR article 20). */
export const dataExport = feature({
  routes: exportRoutes,
  create: (core) => ({ services: { exportUser: createExport(core) } }),
});
