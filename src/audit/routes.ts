import { type RequestHandler, Router } from 'express';
import { requireScope, userOf } from '../http/caller.ts';
import { parse } from '../http/parse.ts';
import { ActivityQuery, AuditQuery, presentActivity, presentEvent } from './schemas.ts';
import type { Audit } from './service.ts';

export interface AuditRouteDependencies {
  readonly audit: Audit;
  readonly authenticate: RequestHandler;
}

export function auditRoutes({ audit, authenticate }: AuditRouteDependencies): Router {
  const router = Router();

  router.get('/admin/audit', authenticate, requireScope('audit:read'), async (req, res) => {
    const { subject, actor, type, from, until, limit, cursor } = parse(AuditQuery, req.query);
    const filter = { subjectId: subject, actorId: actor, type, from, until };
    const { events, nextCursor } = await audit.search(filter, { limit, cursor });
    res.json({ events: events.map(presentEvent), next_cursor: nextCursor });
  });

  router.get('/me/activity', authenticate, async (req, res) => {
    const { userId } = userOf(req);
    const { events, nextCursor } = await audit.activityOf(userId, parse(ActivityQuery, req.query));
    res.json({ events: events.map(presentActivity), next_cursor: nextCursor });
  });

  return router;
}
