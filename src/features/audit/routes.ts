import type { AuditEvents } from '../../core/audit/events.ts';
import { presentActivity, presentEvent } from '../../core/audit/view.ts';
import { permission, user } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import { ActivityQuery, AuditQuery, EventsAnswer } from './schemas.ts';

const route = routesWith<{ readonly events: AuditEvents }>();

const AUDIT: Tag = {
  name: 'Audit',
  description: 'Who did what, when and from where',
};

export const auditRoutes = [
  route({
    id: 'searchAudit',
    method: 'GET',
    path: '/admin/audit',
    tag: AUDIT,
    summary: 'Search the audit log',
    access: permission('audit:read'),
    query: AuditQuery,
    answers: { 200: { description: 'The events, the latest first', schema: EventsAnswer } },
    async handle({ query }, { events }) {
      const { subject, actor, type, from, until, limit, cursor } = query;
      const filter = { subjectId: subject, actorId: actor, type, from, until };
      const page = await events.search(filter, { limit, cursor });
      return ok({ events: page.events.map(presentEvent), next_cursor: page.nextCursor });
    },
  }),

  route({
    id: 'listActivity',
    method: 'GET',
    path: '/me/activity',
    tag: AUDIT,
    summary: 'List the activity of your account',
    access: user(),
    query: ActivityQuery,
    answers: {
      200: {
        description: 'The events, the latest first, without the devices of other people',
        schema: EventsAnswer,
      },
    },
    async handle({ caller, query }, { events }) {
      const page = await events.activityOf(caller.principal.userId, query);
      return ok({ events: page.events.map(presentActivity), next_cursor: page.nextCursor });
    },
  }),
];
