import { z } from 'zod';
import type { AuditEvent } from '../../core/audit/audit.ts';
import { EVENT_TYPES } from '../../core/audit/audit.ts';
import { QueryTime } from '../../core/values/fields.ts';
import { NextCursor, pagingById } from '../../core/values/paging.ts';
import type { Activity } from './events.ts';

/** An id or a name of anything there is: what is longer than that of a permission is of nothing. */
const Id = z.string().regex(/^[\x21-\x7e]{1,127}$/, 'Must be 1 to 127 visible ASCII characters.');

export const ActivityQuery = z.strictObject(pagingById);

export const AuditQuery = z.strictObject({
  subject: Id.optional().meta({
    description: 'The id of the user, client or key, or the name of the role or permission',
  }),
  actor: Id.optional().meta({ description: 'The id of the user, client or key that did it' }),
  type: z.enum(EVENT_TYPES, `Must be one of ${EVENT_TYPES.join(', ')}.`).optional(),
  from: QueryTime.optional().meta({ description: 'From this time on' }),
  until: QueryTime.optional().meta({ description: 'Before this time' }),
  ...pagingById,
});

export const EventView = z
  .strictObject({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    type: z.enum(EVENT_TYPES),
    outcome: z.enum(['success', 'failure']),
    actor: z.strictObject({
      type: z.enum(['user', 'client', 'api_key', 'operator', 'anonymous']),
      id: z.string().nullable(),
    }),
    subject: z.string().nullable().meta({ description: 'The id of what it was done to' }),
    session_id: z.string().nullable(),
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable().meta({ description: 'The X-Request-Id of the answer' }),
    client_request_id: z
      .string()
      .nullable()
      .meta({ description: 'The X-Request-Id that the request came with, which its sender chose' }),
    details: z.record(z.string(), z.unknown()).meta({ description: 'What belongs to this type of event' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AuditEvent' });

export const EventsAnswer = z.strictObject({
  events: z.array(EventView),
  next_cursor: NextCursor,
});

/** Member by member, so that nothing the store adds can leak. */
export function presentEvent(event: AuditEvent): z.infer<typeof EventView> {
  return {
    id: event.id,
    type: event.type,
    outcome: event.outcome,
    actor: { type: event.actor.type, id: event.actor.id },
    subject: event.subjectId,
    session_id: event.sessionId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    client_request_id: event.clientRequestId,
    details: event.details,
    created_at: event.createdAt.toISOString(),
  };
}

/** Without the session and the device of another. */
export function presentActivity({ byOther, ...event }: Activity): z.infer<typeof EventView> {
  const view = presentEvent(event);
  return byOther ? { ...view, session_id: null, ip: null, user_agent: null, client_request_id: null } : view;
}
