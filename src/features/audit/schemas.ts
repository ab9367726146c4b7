import { z } from 'zod';
import { EVENT_TYPES } from '../../core/audit/audit.ts';
import { EventView } from '../../core/audit/view.ts';
import { canonicalId, QueryTime } from '../../core/values/fields.ts';
import { NextCursor, pagingById } from '../../core/values/paging.ts';

/** An id or a name; none is longer than that of a permission. */
const IdOrName = z
  .string()
  .regex(/^[\x21-\x7e]{1,127}$/, 'Must be 1 to 127 visible ASCII characters.')
  .overwrite(canonicalId);

export const ActivityQuery = z.strictObject(pagingById);

export const AuditQuery = z.strictObject({
  subject: IdOrName.optional().meta({
    description: 'The id of the user, client or key, or the name of the role or permission',
  }),
  actor: IdOrName.optional().meta({ description: 'The id of the user, client or key that did it' }),
  type: z.enum(EVENT_TYPES, `Must be one of ${EVENT_TYPES.join(', ')}.`).optional(),
  from: QueryTime.optional().meta({ description: 'From this time on' }),
  until: QueryTime.optional().meta({ description: 'Before this time' }),
  ...pagingById,
});

export const EventsAnswer = z.strictObject({
  events: z.array(EventView),
  next_cursor: NextCursor,
});
