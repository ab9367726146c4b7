import { userOf } from '../../http/caller.ts';
import { parse } from '../../http/parse.ts';
import type { Route } from '../../http/route.ts';
import { ActivityQuery, AuditQuery, presentActivity, presentEvent } from './schemas.ts';
import type { Audit } from './service.ts';

export interface AuditRouteDependencies {
  readonly audit: Audit;
}

export function auditRoutes({ audit }: AuditRouteDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/audit',
      access: { permission: 'audit:read' },
      async handle(req, res) {
        const { subject, actor, type, from, until, limit, cursor } = parse(AuditQuery, req.query);
        const filter = { subjectId: subject, actorId: actor, type, from, until };
        const { events, nextCursor } = await audit.search(filter, { limit, cursor });
        res.json({ events: events.map(presentEvent), next_cursor: nextCursor });
      },
    },

    {
      method: 'GET',
      path: '/me/activity',
      access: 'user',
      async handle(req, res) {
        const { userId } = userOf(req);
        const { events, nextCursor } = await audit.activityOf(userId, parse(ActivityQuery, req.query));
        res.json({ events: events.map(presentActivity), next_cursor: nextCursor });
      },
    },
  ];
}
