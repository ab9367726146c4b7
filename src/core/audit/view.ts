import { z } from 'zod';
import { type AuditEvent, EVENT_TYPES } from './audit.ts';
import type { Activity } from './events.ts';

export const EventView = z
  .strictObject({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    type: z.enum(EVENT_TYPES),
    outcome: z.enum(['success', 'failure']),
    actor: z.strictObject({
      type: z.enum(['user', 'client', 'api_key', 'operator', 'anonymous']),
      id: z.string().nullable(),
    }),
    subject: z.string().nullable().meta({ description: 'The id of the subject' }),
    session_id: z.string().nullable(),
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable().meta({ description: 'The X-Request-Id of the answer' }),
    client_request_id: z
      .string()
      .nullable()
      .meta({ description: 'The X-Request-Id that the request came with, which its sender chose' }),
    details: z.record(z.string(), z.unknown()).meta({ description: 'The details of this type of event' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AuditEvent' });

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
