import { createAuditEvents } from '../../core/audit/events.ts';
import { feature } from '../feature.ts';
import { auditRoutes } from './routes.ts';

const DAY_MILLISECONDS = 86_400_000;

/** The audit log for administrators, the activity of users for themselves, and the retention of both. */
export const audit = feature({
  routes: auditRoutes,
  create({ store, clock, config }) {
    const keptMilliseconds = config.audit.retentionDays * DAY_MILLISECONDS;
    return {
      services: { events: createAuditEvents(store) },
      housekeeping: [() => store.audit.prune(new Date(clock.now() - keptMilliseconds))],
    };
  },
});
