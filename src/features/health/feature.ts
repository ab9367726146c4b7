import { isSchemaCurrent } from '../../db/migrate.ts';
import { createWriteProbe } from '../../db/write-probe.ts';
import { feature } from '../feature.ts';
import { createReadiness } from './readiness.ts';
import { healthRoutes } from './routes.ts';

/** Whether the process is up, and whether it should be given traffic. */
export const health = feature({
  routes: healthRoutes,
  create: (core) => ({
    services: {
      readiness: createReadiness({
        ...core,
        isSchemaCurrent: (withinMilliseconds) => isSchemaCurrent(core.database, withinMilliseconds),
        isDamaged: core.database.isDamaged,
        tryWriting: createWriteProbe(core.database, core.clock),
      }),
    },
  }),
});
