import { z } from 'zod';
import { fieldIssue } from '../../core/values/text.ts';
import { parseCursor } from './cursor.ts';
import type { FeedPage } from './feed.ts';

/** Gateways give up on an answer after a minute. */
const MAX_WAIT_SECONDS = 50;

export const FeedQuery = z.strictObject({
  after: z
    .string()
    .transform(parseCursor)
    .refine((cursor) => cursor !== undefined, fieldIssue('invalid', 'Must be the cursor of an answer.'))
    .optional()
    .meta({ type: 'string', description: 'The cursor of the answer before; none for all that is revoked' }),
  wait: z
    .string()
    .refine(
      (value) => /^\d{1,2}$/.test(value) && Number(value) <= MAX_WAIT_SECONDS,
      fieldIssue('invalid', `Must be a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}.`),
    )
    .transform(Number)
    .default(0)
    .meta({
      type: 'integer',
      minimum: 0,
      maximum: MAX_WAIT_SECONDS,
      default: 0,
      description: 'For how many seconds to wait until there is something new; only with after',
    }),
});

const EventView = z
  .strictObject({
    kind: z.enum(['session', 'user', 'rights', 'role', 'key']).meta({
      description:
        'session: tokens with this sid, or without one with this jti. user: tokens with this sub and an earlier iat. rights: tokens with this sub and an earlier first member of rv. role: tokens with this role and an earlier member of rv for it. key: this API key.',
    }),
    id: z
      .string()
      .meta({ description: 'Of the session, token, user, client or key, or the name of the role' }),
    not_before: z.iso.datetime().optional().meta({ description: 'Earlier tokens are revoked' }),
    expires_at: z.iso
      .datetime()
      .meta({ description: 'From then on every token that this concerns has expired' }),
  })
  .meta({ id: 'RevocationEvent' });

export const FeedAnswer = z.strictObject({
  events: z.array(EventView),
  cursor: z.string().meta({ description: 'Send it as after', example: 'live-105-107-3-1795147200' }),
  more: z.boolean().meta({ description: 'Whether there is another page already: request it immediately' }),
  lag_milliseconds: z
    .int()
    .nonnegative()
    .meta({ description: 'How old the knowledge of this process is; above a limit the answer is 503' }),
  now: z.iso.datetime().meta({ description: 'The clock of the service' }),
});

/** Member by member, so that nothing the store adds can leak. */
export function presentFeedPage(page: FeedPage): z.infer<typeof FeedAnswer> {
  return {
    events: page.events.map(({ kind, subjectId, notBefore, expiresAt }) => ({
      kind,
      id: subjectId,
      ...(notBefore && { not_before: notBefore.toISOString() }),
      expires_at: expiresAt.toISOString(),
    })),
    cursor: page.cursor,
    more: page.hasMore,
    lag_milliseconds: Math.ceil(page.lagMilliseconds),
    now: page.now.toISOString(),
  };
}
