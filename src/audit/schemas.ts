import { z } from 'zod';
import { fault } from '../http/text.ts';
import { EVENT_TYPES } from '../ledger.ts';
import type { AuditEvent } from './ports.ts';
import type { Activity } from './service.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** An id of anything there is: what is longer is the id of nothing. */
const Id = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'Must be 1 to 64 visible ASCII characters.');

const Time = z
  .string()
  .refine(
    (value) => z.iso.datetime({ offset: true }).safeParse(value).success,
    fault('invalid_time', 'Must be a time such as 2026-11-20T04:31:37.251Z; a + is %2B in a query.'),
  )
  .transform((value) => new Date(value))
  .meta({ format: 'date-time' });

const pagingShape = {
  limit: z
    .string()
    .refine(
      (value) => /^[1-9]\d{0,2}$/.test(value) && Number(value) <= MAX_LIMIT,
      fault('invalid', `Must be a whole number from 1 to ${MAX_LIMIT}.`),
    )
    .transform(Number)
    .default(DEFAULT_LIMIT)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  cursor: z
    .uuid('Must be the next_cursor of an earlier answer.')
    .toLowerCase()
    .optional()
    .meta({ description: 'The next_cursor of the page before' }),
};

export const ActivityQuery = z.strictObject(pagingShape);

export const AuditQuery = z.strictObject({
  subject: Id.optional().meta({ description: 'The id of the user, client or key, or the name of the role' }),
  actor: Id.optional().meta({ description: 'The id of the user, client or key that did it' }),
  type: z.enum(EVENT_TYPES, `Must be one of ${EVENT_TYPES.join(', ')}.`).optional(),
  from: Time.optional().meta({ description: 'From this time on' }),
  until: Time.optional().meta({ description: 'Before this time' }),
  ...pagingShape,
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
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).meta({ description: 'What belongs to this type of event' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AuditEvent' });

export const EventsAnswer = z.strictObject({
  events: z.array(EventView),
  next_cursor: z
    .uuid()
    .nullable()
    .meta({ description: 'Send it as cursor for what came before; null at the end' }),
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
    details: event.details,
    created_at: event.createdAt.toISOString(),
  };
}

/** Without the session and the device of anybody else. */
export function presentActivity({ byOther, ...event }: Activity): z.infer<typeof EventView> {
  const view = presentEvent(event);
  return byOther ? { ...view, session_id: null, ip: null, user_agent: null } : view;
}
